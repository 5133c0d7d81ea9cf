import { count, html } from './html.js'
import { State } from './instruments/figures.js'

const Node = ({ kind, name, note, state }) => html`
  <div class="node ${state === 'live' ? '' : state}">
    <span class="faint">${kind}</span>
    <b>${name}</b>
    ${note}
  </div>`

/** An edge with its flow. Its colour and its label show a fault. */
const Edge = ({ label, state = 'ok' }) => html`<div class="edge ${state}"><span>${label}</span></div>`

/** State that the page shows for a replica: the fault explains more than the replica's own view. */
export const shownState = ({ state }, fault) => (fault?.cut && state !== 'closed' ? 'cut-off' : state)

function edgeOf({ behind, state }, fault, description) {
  if (state === 'stale' || state === 'closed') return { state: 'bad', label: 'unavailable' }
  if (description !== '') return { state: fault.cut ? 'bad' : 'warn', label: fault.cut ? 'cut off' : description }
  if (state === 'behind') return { state: 'warn', label: `${count(behind)} behind` }
  return { label: 'changes' }
}

/** The path of a change: from the writer through store and bus to each replica. */
export function Topology({ frame: { instances, faults, networkFaults, targets, rate, busy } }) {
  const [writer, ...replicas] = instances
  const isDown = writer.state === 'stale' || writer.state === 'closed'
  const path = isDown ? { state: 'bad', label: 'unavailable' } : { label: `${count(rate)}/s` }
  return html`
    <section class="card" aria-labelledby="topology">
      <div class="head">
        <h2 id="topology">Path of a change</h2>
        <p class="faint" role="status">${busy ? `In progress: ${busy}` : 'A replica that misses changes reads them from the store, once per second.'}</p>
      </div>
      <div class="topology">
        <${Node} kind="Writer" name=${writer.name} state=${writer.state} note=${html`<${State} state=${writer.state} />`} />
        <${Edge} ...${path} />
        <${Node} kind="Store" name=${targets.store} state=${isDown ? 'stale' : 'live'} />
        <${Edge} ...${path} />
        <${Node} kind="Bus" name=${targets.bus} state=${isDown ? 'stale' : 'live'} />
        <ul class="fan" aria-label="Replicas">
          ${replicas.map((each) => {
            const state = shownState(each, faults[each.name])
            return html`
              <li key=${each.name}>
                <${Edge} ...${edgeOf(each, faults[each.name], networkFaults[each.name] ?? '')} />
                <${Node} kind="Replica" name=${each.name} state=${state}
                  note=${html`<span class="node-state"><${State} state=${state} /> <span class="number">${count(each.behind)} behind</span></span>`} />
              </li>`
          })}
        </ul>
      </div>
    </section>`
}
