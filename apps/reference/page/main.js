import { render } from 'preact'
import { useState } from 'preact/hooks'
import { Alerts, PastAlerts } from './alerts.js'
import { Chart } from './chart.js'
import { BreakIt, Pace } from './controls.js'
import { Edit } from './edit.js'
import { html } from './html.js'
import { Journal } from './journal.js'
import { Move } from './move.js'
import { useStream } from './stream.js'
import { Instances, Log, Outages } from './tables.js'
import { Tiles } from './tiles.js'

const RATES = [{ label: 'commits/s', of: 'rate', ink: '--one' }]
const TIMES = [
  { label: 'p50', of: 'p50', ink: '--one' },
  { label: 'p95', of: 'p95', ink: '--two' },
  { label: 'p99', of: 'p99', ink: '--three' },
]

const where = ({ hosting, store, bus }) =>
  `store ${store} · bus ${bus} · ${hosting === 'processes' ? 'a process each' : 'one process'}`

function App() {
  const { frame, points, connected } = useStream()
  const [error, setError] = useState()
  if (!frame)
    return html`<main><p class="empty" role="status">${connected ? 'Waiting for every instance to tell how it is doing…' : 'Connecting…'}</p></main>`
  return html`
    <header>
      <div>
        <h1>Outages, live</h1>
        <p class="faint">${where(frame.menu)}</p>
      </div>
      <${Pace} pace=${frame.pace} onError=${setError} />
    </header>
    <main>
      <${Alerts} alerts=${frame.alerts} connected=${connected} error=${error} onDismiss=${() => setError(undefined)} />
      <${Tiles} frame=${frame} />
      <div class="halves">
        <${Chart} title="Commits per second" points=${points} lines=${RATES} />
        <${Chart} title="Propagation of the slowest replica, ms" points=${points} lines=${TIMES} />
      </div>
      <${Instances} instances=${frame.instances} />
      <div class="halves">
        <${BreakIt} ...${frame} onError=${setError} />
        <${Move} ...${frame} onError=${setError} />
      </div>
      <${Edit} units=${frame.units} onError=${setError} />
      <${Journal} onError=${setError} />
      <div class="halves">
        <${Log} lines=${frame.log} />
        <${PastAlerts} past=${frame.pastAlerts} now=${frame.at} />
      </div>
      <${Outages} rows=${frame.rows} />
    </main>`
}

const root = document.getElementById('app')
root.replaceChildren()
render(html`<${App} />`, root)
