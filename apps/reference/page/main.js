import { render } from 'preact'
import { useState } from 'preact/hooks'
import { Alerts, PastAlerts } from './alerts.js'
import { Chart } from './chart.js'
import { Faults, RateButtons } from './controls.js'
import { Edit } from './edit.js'
import { html } from './html.js'
import { Journal } from './journal.js'
import { Migration } from './move.js'
import { useStream } from './stream.js'
import { Instances, Log, Outages } from './tables.js'
import { Tiles } from './tiles.js'

const RATES = [{ label: 'commits/s', of: 'rate', ink: '--one' }]
const TIMES = [
  { label: 'p50', of: 'p50', ink: '--one' },
  { label: 'p95', of: 'p95', ink: '--two' },
  { label: 'p99', of: 'p99', ink: '--three' },
]

const describeTargets = ({ hosting, store, bus }) =>
  `Store: ${store} · Bus: ${bus} · ${hosting === 'processes' ? 'one process per service' : 'one process'}`

function App() {
  const { frame, points, connected } = useStream()
  const [error, setError] = useState()
  if (!frame)
    return html`<main><p class="empty" role="status">${connected ? 'Waiting for the status of every instance…' : 'Connecting…'}</p></main>`
  return html`
    <header>
      <div>
        <h1>Live outages</h1>
        <p class="faint">${describeTargets(frame.targets)}</p>
      </div>
      <${RateButtons} targetRate=${frame.targetRate} onError=${setError} />
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
        <${Faults} ...${frame} onError=${setError} />
        <${Migration} ...${frame} onError=${setError} />
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
