import { Actions } from './actions.js'
import { Chart } from './chart.js'
import { Card, State, Table, Tile, Tiles } from './figures.js'
import { count, duration, html, percent, render, useEffect, useState } from './html.js'
import { Inspector } from './inspector.js'
import { Log } from './log.js'

/** Returns the latest state, and whether the server is connected. The browser reconnects automatically. */
function useAdminState() {
  const [now, setNow] = useState({ connected: false })
  useEffect(() => {
    const source = new EventSource('api/stream')
    source.onmessage = ({ data }) => setNow({ state: JSON.parse(data), connected: true })
    source.onerror = () => setNow((before) => ({ ...before, connected: false }))
    return () => source.close()
  }, [])
  return now
}

const sum = (values) => values.reduce((total, value) => total + value, 0)
const behindOf = ({ sections }) => sum(sections.map(({ behind }) => behind))
/** An instance that is behind for a moment is not shown as live. */
const stateOf = (instance) => (instance.state === 'live' && behindOf(instance) > 0 ? 'catching-up' : instance.state)
const age = (ms) => (ms === null ? '–' : `${duration(ms)} ago`)

function Alerts({ instances, connected }) {
  const alerts = connected
    ? [
        ...instances
          .filter(({ state }) => state === 'stale')
          .map(({ name }) => `${name} is stale: its store or bus is unavailable.`),
        ...instances.filter(({ state }) => state === 'closed').map(({ name }) => `${name} is closed.`),
        ...instances
          .filter(({ stats }) => stats.consistency < 1)
          .map(({ name }) => `${name} differed from the store in its last verification.`),
      ]
    : ['No connection to the server. The figures are out of date.']
  return html`<div role="alert" class="alerts">${alerts.map((text) => html`<p key=${text} class="alert">${text}</p>`)}</div>`
}

const Summary = ({ instances }) => {
  const total = (name) => sum(instances.map(({ stats }) => stats[name]))
  const slowest = Math.max(...instances.map(({ stats }) => stats.propagation.p95))
  const behind = Math.max(...instances.map(behindOf))
  const consistency = Math.min(...instances.map(({ stats }) => stats.consistency))
  return html`
    <${Tiles}>
      <${Tile} label="Documents cached" value=${count(total('documents'))} note=${`${count(total('watchers'))} watchers`} />
      <${Tile} label="Behind" value=${count(behind)} note="commits, instance furthest behind" state=${behind > 0 ? 'bad' : 'good'} />
      <${Tile} label="Propagation p95" value=${duration(slowest)} note="slowest instance" />
      <${Tile} label="Conflicts" value=${count(total('conflicts'))} note="write attempts on an older state" />
      <${Tile} label="Gaps · repairs" value=${`${count(total('gaps'))} · ${count(total('repairs'))}`} note=${`${count(total('duplicates'))} duplicates`} />
      <${Tile} label="Consistency" value=${percent(consistency)} note="last verification" state=${consistency < 1 ? 'bad' : 'good'} />
    <//>`
}

const INSTANCES = [
  ['Instance', ({ name }) => name],
  ['State', (each) => html`<${State} state=${stateOf(each)} />`],
  ['Confirmed', ({ staleForMs }) => age(staleForMs), 'number'],
  ['Behind', (each) => count(behindOf(each)), 'number'],
  ['Documents', ({ stats }) => count(stats.documents), 'number'],
  ['Commits', ({ stats }) => count(stats.commits), 'number'],
  ['Applied', ({ stats }) => count(stats.changes), 'number'],
  ['Conflicts', ({ stats }) => `${count(stats.conflicts)} (${percent(stats.conflictRate)})`, 'number'],
  ['p95', ({ stats }) => duration(stats.propagation.p95), 'number'],
]

const SECTIONS = [
  ['Section', ({ partition, section }) => `${partition}/${section}`],
  ['Instance', ({ instance }) => instance],
  ['Position', ({ sequence }) => count(sequence), 'number'],
  ['Head', ({ sequence, behind }) => count(sequence + behind), 'number'],
  ['Behind', ({ behind }) => count(behind), 'number'],
  ['Epoch', ({ epoch }) => html`<code>${epoch}</code>`],
]

async function readDocument({ instance, partition, section }, key) {
  const response = await fetch(`api/document?${new URLSearchParams({ instance, partition, section, key })}`)
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error)
  return answer
}

const EvictTool = ({ document, value, reload }) => html`
  <${Actions} onDone=${reload} actions=${[{ label: 'Evict and reload', action: { type: 'evict', ...value, key: document.key } }]} />`

const InstanceActions = ({ instances }) => html`
  <${Card} id="actions" title="Actions">
    ${instances.map(
      ({ name }) => html`
        <${Actions} key=${name} actions=${[
          { label: `Catch up ${name}`, action: { type: 'catch-up', instance: name } },
          {
            label: `Verify ${name}`,
            action: { type: 'verify', instance: name },
            describe: ({ checked, differing }) =>
              `${count(checked)} documents compared with the store, ${count(differing)} differ.`,
          },
        ]} />`,
    )}
  <//>`

function App() {
  const { state, connected } = useAdminState()
  if (!state) return html`<main><p class="empty" role="status">Connecting…</p></main>`
  const { instances, points, events, hasActions, showsValues } = state
  const sources = instances.flatMap(({ name, inspectable }) =>
    inspectable.map(({ partition, section }) => ({
      label: `${partition}/${section} on ${name}`,
      value: { instance: name, partition, section },
    })),
  )
  const sections = instances.flatMap(({ name, sections: own }) => own.map((each) => ({ ...each, instance: name })))
  return html`
    <header>
      <div>
        <h1>Sync admin</h1>
        <p class="faint">${hasActions ? 'Actions allowed' : 'Read-only'} · values ${showsValues ? 'shown' : 'hidden'}</p>
      </div>
    </header>
    <main>
      <${Alerts} instances=${instances} connected=${connected} />
      <${Summary} instances=${instances} />
      <div class="halves">
        <${Chart} title="Changes per second" points=${points} lines=${[{ label: 'changes/s', of: 'rate', ink: '--one' }]} />
        <${Chart} title="Commits behind, instance furthest behind" points=${points} lines=${[{ label: 'behind', of: 'behind', ink: '--two' }]} />
      </div>
      <${Card} id="instances" title="Instances">
        <${Table} label="Instances" columns=${INSTANCES} rows=${instances} keyOf=${({ name }) => name} />
      <//>
      <${Card} id="sections" title="Sections">
        <${Table} label="Sections" columns=${SECTIONS} rows=${sections} keyOf=${(each) => `${each.instance} ${each.partition}/${each.section}`} />
        ${sections.length === 0 && html`<p class="empty">No section with an order is open.</p>`}
      <//>
      <div class="halves">
        ${
          sources.length > 0
            ? html`<${Inspector} sources=${sources} read=${readDocument} Tools=${hasActions && EvictTool} />`
            : html`<${Card} id="inspector" title="Document inspector"><p class="empty">Pass collections to inspect their documents.</p><//>`
        }
        <${Log} lines=${events} empty="No events since the page was mounted." />
      </div>
      ${hasActions && html`<${InstanceActions} instances=${instances} />`}
    </main>`
}

const root = document.getElementById('app')
root.replaceChildren()
render(html`<${App} />`, root)
