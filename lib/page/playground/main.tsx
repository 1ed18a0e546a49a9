import 'uplot/dist/uPlot.min.css'
import '../style.css'
import { render } from 'preact'
import { App } from '../app.tsx'
import { followAddress } from '../data/location.ts'
import { Chooser } from './chooser.tsx'

followAddress()
render(
  <>
    <Chooser />
    <App />
  </>,
  document.getElementById('app')!,
)
