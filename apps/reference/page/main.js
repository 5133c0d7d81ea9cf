import { render } from 'preact'
import { useState } from 'preact/hooks'
import { Chart } from './chart.js'
import { BreakIt, Pace } from './controls.js'
import { html } from './html.js'
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

function App() {
  const { frame, points, connected } = useStream()
  const [error, setError] = useState()
  if (!frame) return html`<p role="status">Connecting…</p>`
  const alerts = connected ? frame.alerts : ['the server cannot be heard: what is shown is old']
  return html`
    <header>
      <h1>Outages, live</h1>
      <${Pace} pace=${frame.pace} onError=${({ message }) => setError(message)} />
    </header>
    <main>
      <ul class="alerts" role="alert">${[...alerts, ...(error ? [error] : [])].map((text) => html`<li key=${text}>${text}</li>`)}</ul>
      <${Tiles} frame=${frame} />
      <div class="charts">
        <${Chart} title="Commits per second" points=${points} lines=${RATES} />
        <${Chart} title="Propagation of the slowest replica, ms" points=${points} lines=${TIMES} />
      </div>
      <div class="halves">
        <${BreakIt} ...${frame} onError=${({ message }) => setError(message)} />
        <${Move} ...${frame} onError=${({ message }) => setError(message)} />
      </div>
      <${Instances} instances=${frame.instances} />
      <div class="halves">
        <${Outages} rows=${frame.rows} />
        <${Log} lines=${frame.log} />
      </div>
    </main>`
}

const root = document.getElementById('app')
root.replaceChildren()
render(html`<${App} />`, root)
