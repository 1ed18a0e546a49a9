import 'uplot/dist/uPlot.min.css'
import './style.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { connect } from './data/connect.ts'
import { followAddress } from './data/location.ts'

followAddress()
render(<App />, document.getElementById('app')!)
void connect()
