import { useState } from 'preact/hooks'
import { html } from './html.js'
import { post } from './stream.js'

const RATES = [
  [0, 'Pause'],
  [20, '20/s'],
  [200, '200/s'],
  [1_000, '1,000/s'],
  ['max', 'Max'],
]

/** Buttons that set the feed's writes per second. */
export const RateButtons = ({ targetRate, onError }) => html`
  <div role="group" aria-label="Writes per second" class="buttons segments">
    ${RATES.map(
      ([rate, label]) => html`
        <button type="button" aria-pressed=${targetRate === rate} onClick=${() => post('/rate', { rate }).catch(onError)}>
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

const CrashButtons = ({ targets: { servers, canLoseTail }, busy, onError }) => {
  const request = (path, body) => () => post(path, body).catch(onError)
  return html`
    <div class="buttons" role="group" aria-label="Crashes and load">
      ${servers.map(
        (server) =>
          html`<button key=${server} type="button" disabled=${busy} onClick=${request('/kill', { server })}>Kill ${server}</button>`,
      )}
      ${canLoseTail && html`<button type="button" disabled=${busy} onClick=${request('/lose-tail', {})}>Lose latest commits</button>`}
      <button type="button" disabled=${busy} onClick=${request('/flood', {})}>Flood for 3 s</button>
    </div>`
}

/** Controls that inject network faults into replicas, and that crash servers. The event log shows how the replicas recover. */
export function Faults({ networkFaults, targets, busy, onError }) {
  const [instance, setInstance] = useState('all')
  const active = Object.entries(networkFaults).filter(([, fault]) => fault !== '')
  return html`
    <section class="card" aria-labelledby="faults">
      <h2 id="faults">Faults</h2>
      <div class="buttons" role="group" aria-label="Affected replicas">
        <label for="fault-target">Apply to</label>
        <select id="fault-target" value=${instance} onChange=${({ target }) => setInstance(target.value)}>
          <option value="all">All replicas</option>
          ${Object.keys(networkFaults).map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
        </select>
      </div>
      <div class="buttons">
        ${FAULTS.map(
          ([label, fault]) => html`
            <button key=${label} type="button" onClick=${() => post('/network-fault', { instance, ...fault }).catch(onError)}>${label}</button>`,
        )}
        <button type="button" class="primary" disabled=${active.length === 0} onClick=${() => post('/network-fault', { instance }).catch(onError)}>${instance === 'all' ? 'Stop all faults' : `Stop faults of ${instance}`}</button>
      </div>
      <${CrashButtons} targets=${targets} busy=${busy !== undefined} onError=${onError} />
      <p role="status">
        ${busy && `In progress: ${busy}. `}${active.length === 0 ? 'No active faults.' : active.map(([name, fault]) => `${name}: ${fault}`).join(' · ')}
      </p>
    </section>`
}
