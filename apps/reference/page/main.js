import { Alerts, PastAlerts } from './alerts.js'
import { Faults, RateButtons } from './controls.js'
import { Edit } from './edit.js'
import { html, render } from './html.js'
import { Chart } from './instruments/chart.js'
import { Inspector } from './instruments/inspector.js'
import { Log } from './instruments/log.js'
import { Journal } from './journal.js'
import { Migration } from './move.js'
import { post, useStream } from './stream.js'
import { Instances, Outages } from './tables.js'
import { Tiles } from './tiles.js'
import { Topology } from './topology.js'

const RATES = [{ label: 'commits/s', of: 'rate', ink: '--one' }]
const BEHIND = [{ label: 'commits', of: 'behind', ink: '--three' }]
const TIMES = [
  { label: 'p50', of: 'p50', ink: '--one' },
  { label: 'p95', of: 'p95', ink: '--two' },
  { label: 'p99', of: 'p99', ink: '--three' },
]

const describeTargets = ({ hosting, store, bus }) =>
  `Store: ${store} · Bus: ${bus} · ${hosting === 'processes' ? 'one process per service' : 'one process'}`

const readDocument = (source, key) => post('/inspect', { ...source, key })

/** Returns the inspector's choices: both sections on every replica. */
const sourcesOf = (instances) =>
  instances.slice(1).flatMap(({ name: instance }) => [
    { label: `Forecast units on ${instance}`, value: { instance, section: 'units' } },
    { label: `Outages on ${instance}`, value: { instance, section: 'outages' } },
  ])

function App() {
  const { frame, points, connected } = useStream()
  if (!frame)
    return html`<main><p class="empty" role="status">${connected ? 'Waiting for the status of every instance…' : 'Connecting…'}</p></main>`
  return html`
    <header>
      <div>
        <h1>Live outages</h1>
        <p class="faint">${describeTargets(frame.targets)}</p>
      </div>
      <${RateButtons} targetRate=${frame.targetRate} />
    </header>
    <main>
      <${Alerts} alerts=${frame.alerts} connected=${connected} />
      <${Topology} frame=${frame} />
      <${Faults} ...${frame} />
      <${Tiles} frame=${frame} />
      <div class="thirds">
        <${Chart} title="Commits per second" points=${points} lines=${RATES} marks=${frame.marks} />
        <${Chart} title="Propagation of the slowest replica, ms" points=${points} lines=${TIMES} marks=${frame.marks} />
        <${Chart} title="Commits behind, replica furthest behind" points=${points} lines=${BEHIND} marks=${frame.marks} />
      </div>
      <${Instances} instances=${frame.instances} faults=${frame.faults} />
      <${Edit} units=${frame.units} />
      <${Journal} />
      <div class="halves">
        <${Inspector} sources=${sourcesOf(frame.instances)} read=${readDocument} hint="unit-001" />
        <${Migration} ...${frame} />
      </div>
      <div class="halves">
        <${Log} lines=${frame.log} empty="No events yet. Break something to see how the replicas recover." />
        <${PastAlerts} past=${frame.pastAlerts} now=${frame.at} />
      </div>
      <${Outages} rows=${frame.rows} />
    </main>`
}

const root = document.getElementById('app')
root.replaceChildren()
render(html`<${App} />`, root)
