/** The looks of the page: light and dark, from the width of a telephone to that of a wall. */
export const style = `
:root{color-scheme:light dark;--bg:#fbfaf8;--card:#fff;--ink:#1b1f24;--soft:#5b6470;--rule:#d9dde2;--grid:#e7e9ec;
--a:#0b5fb8;--b:#b3470c;--c:#4c5663;--fill:#0b5fb822;--band:#0b5fb81f;--bad:#a3122a;--heat:#0b5fb8}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--card:#1c2026;--ink:#e8eaed;--soft:#a3adb9;--rule:#363d46;--grid:#2a3037;
--a:#74b6ff;--b:#f2a35e;--c:#c3cad3;--fill:#74b6ff26;--band:#74b6ff24;--bad:#ff8d9c;--heat:#74b6ff}}
*{box-sizing:border-box}
body{margin:0 auto;padding:clamp(.75rem,2.5vw,2.5rem);max-width:124rem;background:var(--bg);color:var(--ink);
font:clamp(.875rem,.8rem + .2vw,1.0625rem)/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:1.6em;line-height:1.2;margin:0;overflow-wrap:anywhere}
h2{font-size:1.2em;margin:2.2em 0 .6em}
h3{font-size:1em;margin:0}
.when,.note,.legend,footer,dd small,.more{color:var(--soft)}
.when{margin:.2em 0 0}
.lead{font-size:1.15em;margin:.9em 0 1.2em;max-width:60em}
.problems{border-left:.25rem solid var(--bad);margin:1em 0;padding:.3em .8em;list-style-position:inside;background:var(--card)}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,9.2rem),1fr));gap:.6rem;margin:0}
dl div{background:var(--card);border:1px solid var(--rule);border-radius:.5rem;padding:.6em .8em}
dt{color:var(--soft);font-size:.9em}
dd{margin:0;font-size:1.5em;font-weight:650;line-height:1.25}
dd small{display:block;font-size:.58em;font-weight:400;line-height:1.35;overflow-wrap:anywhere}
figure{margin:0 0 1.3rem}
figcaption{display:flex;flex-wrap:wrap;gap:.1em 1.2em;align-items:baseline;justify-content:space-between}
.legend{display:flex;flex-wrap:wrap;gap:.1em 1.1em;list-style:none;margin:0;padding:0;font-size:.9em}
.legend b{color:var(--ink);font-weight:600}
.key{width:1.7em;height:.7em;vertical-align:baseline;margin-right:.4em}
.plot{display:grid;margin-top:.2em;grid-template-columns:4.2em minmax(0,1fr);grid-template-areas:"y area" ". x"}
.y{grid-area:y;position:relative;font-size:.8em;color:var(--soft)}
.y span{position:absolute;right:.6em;transform:translateY(50%);white-space:nowrap}
.area{grid-area:area;position:relative;border-bottom:1px solid var(--rule)}
.chart .plot{margin-top:.75em}
.chart .area{height:clamp(7rem,11vw,13rem)}
.area>svg,.area>img{position:absolute;inset:0;width:100%;height:100%;display:block;overflow:hidden}
.area>img{image-rendering:pixelated}
.x{grid-area:x;position:relative;height:1.5em;font-size:.8em;color:var(--soft)}
.x span{position:absolute;transform:translateX(-50%);white-space:nowrap;padding-top:.15em}
.x .first{transform:none}
.x .last{transform:translateX(-100%)}
.x span::before{content:"";position:absolute;left:50%;top:0;height:.25em;border-left:1px solid var(--rule)}
.x .first::before{left:0}
.x .last::before{left:100%}
.grid{stroke:var(--grid);fill:none;vector-effect:non-scaling-stroke;stroke-width:1}
.line{fill:none;vector-effect:non-scaling-stroke;stroke-width:1.6;stroke-linejoin:round}
.line.main{stroke:var(--a);stroke-width:2}
.line.dashed{stroke:var(--b);stroke-dasharray:6 3}
.line.dotted{stroke:var(--c);stroke-dasharray:2 3}
.line.thin{stroke:var(--c);stroke-width:1}
.fill{fill:var(--fill)}
path.band,.key.band path{fill:var(--band)}
#ticks{stroke:var(--ink);vector-effect:non-scaling-stroke;stroke-width:1;opacity:.55}
.readings{position:absolute;inset:0;display:flex}
.readings i{border-left:1px solid transparent}
.readings i:hover{border-color:var(--soft);background:linear-gradient(90deg,var(--band),transparent)}
.scale{display:inline-block;width:5em;height:.7em;margin:0 .4em;border:1px solid var(--rule);background:linear-gradient(90deg,transparent,#2f7fd6)}
.lane{margin-bottom:.7rem}
.bars{display:flex;height:2.2em;align-items:flex-end}
.bars>*{flex:1 1 0;min-width:0;height:100%;display:flex;align-items:flex-end;text-decoration:none}
.bars b{flex:1;background:var(--a);margin:0 1px;border-radius:2px 2px 0 0;min-height:3px;color:var(--card);font-size:.7em;line-height:1.2;text-align:center;overflow:hidden}
.lane+.lane .bars b{background:var(--b)}
.bars a:hover b,.bars a:focus-visible b{outline:2px solid var(--ink);outline-offset:1px}
.bars a:focus-visible{outline:none}
.tip{display:none;position:absolute;z-index:2;left:0;right:0;top:100%;background:var(--card);color:var(--ink);border:1px solid var(--rule);border-radius:.4rem;padding:.5em .8em;box-shadow:0 .4em 1.2em #0004;font-size:.9em;flex-direction:column;gap:.3em;overflow-wrap:anywhere}
.tip b{all:unset;font-weight:650}
.bars a:hover .tip,.bars a:focus-visible .tip{display:flex}
.bars a:focus-visible .tip{z-index:3}
.scroll{overflow:auto;max-height:75vh;border:1px solid var(--rule);border-radius:.5rem;background:var(--card)}
table{border-collapse:collapse;width:100%;font-size:.92em}
th,td{padding:.35em .55em;text-align:left;vertical-align:top;border-bottom:1px solid var(--grid)}
tbody tr:last-child td{border-bottom:0}
thead th{position:sticky;top:0;background:var(--card);box-shadow:inset 0 -1px var(--rule);white-space:nowrap;font-weight:600;color:var(--soft)}
.n{text-align:right;white-space:nowrap}
td.t:first-child{white-space:nowrap}
tr:target td{background:var(--band)}
.bar{display:inline-block;width:4em;height:.65em;margin-right:.5em;background:var(--grid);border-radius:2px;vertical-align:baseline;overflow:hidden}
.bar i{display:block;height:100%;background:var(--a)}
footer{margin-top:2.5em;font-size:.9em;border-top:1px solid var(--rule);padding-top:.8em}
@media(max-width:44rem){
.x .minor{display:none}
.plot{grid-template-columns:3.6em minmax(0,1fr)}
.scroll{max-height:none;border:0;background:none}
thead{display:none}
table,tbody{display:block}
tr{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);background:var(--card);border:1px solid var(--rule);border-radius:.5rem;margin-bottom:.5rem;padding:.4em .7em}
td,td.n{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 .5em;padding:.1em .3em;border:0;text-align:left;overflow-wrap:anywhere;white-space:normal}
td::before{content:attr(data-name);color:var(--soft)}
td:first-child,.changes td{grid-column:1/-1}
td:first-child{font-weight:650}
td:first-child::before{content:none}
.changes td{display:block}
.changes td::before{margin-right:.5em}
.bar{display:none}}
@media print{.readings,.tip{display:none}.scroll{max-height:none}}
`
