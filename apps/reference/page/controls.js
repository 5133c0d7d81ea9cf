import { count, duration, html } from './html.js'
import { State } from './instruments/figures.js'
import { FormError } from './instruments/inspector.js'
import { useRequest } from './stream.js'
import { shownState } from './topology.js'

const RATES = [
  [0, 'Pause'],
  [20, '20/s'],
  [200, '200/s'],
  [1_000, '1,000/s'],
  ['max', 'Max'],
]

/** Buttons that set the feed's writes per second. */
export function RateButtons({ targetRate }) {
  const { send, error } = useRequest()
  return html`
    <div class="rates">
      <div role="group" aria-label="Writes per second" class="buttons segments">
        ${RATES.map(
          ([rate, label]) => html`
            <button key=${label} type="button" aria-pressed=${targetRate === rate} onClick=${() => send('/rate', { rate })}>${label}</button>`,
        )}
      </div>
      <${FormError} error=${error} />
    </div>`
}

const FAULTS = [
  ['Lose 20 %', 'drop', 0.2],
  ['Repeat 20 %', 'repeat', 0.2],
  ['Delay 200 ms', 'delayMs', 200],
  ['Cut off', 'cut', true],
]

/** Switches of one fault each, for these replicas. A switch is on if all of them have the fault. */
const Switches = ({ label, names, faults, send }) => html`
  <tr>
    <th scope="row">${label}</th>
    ${FAULTS.map(([text, fault, value]) => {
      const isOn = names.every((name) => faults[name][fault] === value)
      const toggle = async () => {
        for (const instance of names) {
          const { [fault]: _removed, ...others } = faults[instance]
          if ((await send('/network-fault', { instance, ...others, ...(!isOn && { [fault]: value }) })) === undefined)
            return
        }
      }
      return html`<td key=${fault}><button type="button" class="switch" aria-pressed=${isOn} onClick=${toggle}>${text}<span class="visually-hidden"> on ${label.toLowerCase()}</span></button></td>`
    })}
  </tr>`

const Break = ({ networkFaults, faults, targets: { servers, canLoseTail }, busy, send }) => {
  const names = Object.keys(networkFaults)
  const active = Object.entries(networkFaults).filter(([, fault]) => fault !== '')
  const request = (path, body) => () => send(path, body)
  return html`
    <li>
      <h3>1 Break</h3>
      <div class="wide" tabindex="0" role="region" aria-label="Faults per replica">
        <table class="switches">
          <thead class="visually-hidden"><tr><th scope="col">Apply to</th>${FAULTS.map(([text]) => html`<th scope="col">${text}</th>`)}</tr></thead>
          <tbody>
            <${Switches} label="All replicas" names=${names} faults=${faults} send=${send} />
            ${names.map((name) => html`<${Switches} key=${name} label=${name} names=${[name]} faults=${faults} send=${send} />`)}
          </tbody>
        </table>
      </div>
      <div class="buttons" role="group" aria-label="Crashes and load">
        ${servers.map(
          (server) =>
            html`<button key=${server} type="button" disabled=${busy} onClick=${request('/kill', { server })}>Kill ${server}</button>`,
        )}
        ${canLoseTail && html`<button type="button" disabled=${busy} onClick=${request('/lose-tail', {})}>Lose latest commits</button>`}
        <button type="button" disabled=${busy} onClick=${request('/flood', {})}>Flood for 3 s</button>
      </div>
      <p role="status" class="faint">
        ${active.length === 0 ? 'No active faults.' : active.map(([name, fault]) => html`<span key=${name} class="active-fault">${name}: ${fault}</span>`)}
      </p>
    </li>`
}

const Watch = ({ instances, faults, totals }) => html`
  <li>
    <h3>2 Watch</h3>
    <ul class="watch">
      ${instances.slice(1).map(
        (each) => html`
          <li key=${each.name}>
            <b>${each.name}</b> <${State} state=${shownState(each, faults[each.name])} />
            <span class="number">${count(each.behind)} behind, confirmed ${duration(each.lagMs)} ago</span>
          </li>`,
      )}
    </ul>
    <p class="faint">
      ${count(totals.gaps)} gaps and ${count(totals.repairs)} repairs since the start. The charts mark each fault.
    </p>
  </li>`

const Heal = ({ networkFaults, log, send }) => {
  const isBroken = Object.values(networkFaults).some((fault) => fault !== '')
  const recovered = log.findLast(({ text }) => text.startsWith('recovered in'))
  return html`
    <li>
      <h3>3 Heal</h3>
      <div class="buttons">
        <button type="button" class="primary" disabled=${!isBroken} onClick=${() => send('/network-fault', { instance: 'all' })}>Stop all faults</button>
      </div>
      <p class="faint">
        ${recovered ? `Last recovery: ${recovered.instance} ${recovered.text}.` : 'The time until each replica has everything again appears here.'}
      </p>
    </li>`
}

/** Guide through a fault: break a replica, watch how it recovers, and stop the fault. */
export function Faults(frame) {
  const { send, error } = useRequest()
  const busy = frame.busy !== undefined
  return html`
    <section class="card" aria-labelledby="faults">
      <h2 id="faults">Break it, watch it, heal it</h2>
      <ol class="steps">
        <${Break} ...${frame} busy=${busy} send=${send} />
        <${Watch} ...${frame} />
        <${Heal} ...${frame} send=${send} />
      </ol>
      <${FormError} error=${error} />
    </section>`
}
