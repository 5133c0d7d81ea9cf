import { useState } from 'preact/hooks'
import { html } from './html.js'
import { ask } from './stream.js'

const PACES = [
  [0, 'Pause'],
  [20, '20/s'],
  [200, '200/s'],
  [1_000, '1,000/s'],
  ['max', 'Max'],
]

/** How fast the feed is replayed. */
export const Pace = ({ pace, onError }) => html`
  <div role="group" aria-label="Pace of the feed" class="buttons segments">
    ${PACES.map(
      ([rate, label]) => html`
        <button type="button" aria-pressed=${pace === rate} onClick=${() => ask('/pace', { rate }).catch(onError)}>
          ${label}
        </button>`,
    )}
  </div>`

const FAULTS = [
  ['Lose 20 %', { drop: 0.2 }],
  ['Repeat 20 %', { repeat: 0.2 }],
  ['Delay 200 ms', { delayMs: 200 }],
  ['Cut off', { cut: true }],
]

const Crash = ({ menu: { servers, tail }, busy, onError }) => {
  const press = (path, body) => () => ask(path, body).catch(onError)
  return html`
    <div class="buttons" role="group" aria-label="Crashes and load">
      ${servers.map(
        (server) =>
          html`<button key=${server} type="button" disabled=${busy} onClick=${press('/kill', { server })}>Kill ${server}</button>`,
      )}
      ${tail && html`<button type="button" disabled=${busy} onClick=${press('/lose-tail', {})}>Lose the store's tail</button>`}
      <button type="button" disabled=${busy} onClick=${press('/flood', {})}>Flood</button>
    </div>`
}

/** Disturbs what comes to the replicas, and harms what they run on; the event log tells how they recover. */
export function BreakIt({ disturbed, menu, busy, onError }) {
  const [instance, choose] = useState('all')
  const now = Object.entries(disturbed).filter(([, what]) => what !== '')
  return html`
    <section class="card" aria-labelledby="break">
      <h2 id="break">Break it</h2>
      <div class="buttons" role="group" aria-label="Messages">
        <label for="break-whose">Messages of</label>
        <select id="break-whose" value=${instance} onChange=${({ target }) => choose(target.value)}>
          <option value="all">all replicas</option>
          ${Object.keys(disturbed).map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
        </select>
      </div>
      <div class="buttons">
        ${FAULTS.map(
          ([label, fault]) => html`
            <button key=${label} type="button" onClick=${() => ask('/disturb', { instance, ...fault }).catch(onError)}>${label}</button>`,
        )}
        <button type="button" class="primary" disabled=${now.length === 0} onClick=${() => ask('/disturb', { instance }).catch(onError)}>Undisturbed</button>
      </div>
      <${Crash} menu=${menu} busy=${busy !== undefined} onError=${onError} />
      <p role="status">
        ${busy && `Under way: ${busy}. `}${now.length === 0 ? 'Nothing is disturbed.' : now.map(([name, what]) => `${name}: ${what}`).join(' · ')}
      </p>
    </section>`
}
