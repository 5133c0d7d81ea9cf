import { count, html } from './html.js'
import { ask } from './stream.js'

const Choice = ({ label, places, at, busy, onChoose }) => html`
  <div class="field">
    <label for=${`move-${label}`}>${label}</label>
    <select id=${`move-${label}`} value=${at} disabled=${busy} onChange=${({ target }) => onChoose(target.value)}>
      ${places.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
    </select>
  </div>`

const told = ({ documents, digest, differing }) =>
  html`<code title=${digest}>${digest.slice(0, 12)}</code> of ${count(documents)} documents,
    ${differing.length === 0 ? ' the same in the store and all replicas' : ` other ones in ${differing.join(', ')}`}`

const Outcome = ({ moved: { what, from, to, before, after } }) => html`
  <dl class="moved">
    <dt>The last move: ${what} from ${from} to ${to}</dt>
    <dd>before: ${told(before)}</dd>
    <dd>after: ${told(after)}</dd>
    <dd>${before.digest === after.digest ? 'The documents are the same.' : 'The documents are not the same.'}</dd>
  </dl>`

/** Moves the running system to another bus, or restarts it on another store. */
export const Move = ({ menu, busy, moved, onError }) => html`
  <section class="card" aria-labelledby="move">
    <h2 id="move">Move it</h2>
    <div class="fields">
      <${Choice} label="Bus" places=${menu.buses} at=${menu.bus} busy=${busy !== undefined}
        onChoose=${(to) => ask('/move-bus', { to }).catch(onError)} />
      <${Choice} label="Store" places=${menu.stores} at=${menu.store} busy=${busy !== undefined}
        onChoose=${(to) => ask('/move-store', { to }).catch(onError)} />
    </div>
    <p class="faint">
      The services run in ${menu.hosting === 'processes' ? 'a process each' : 'one process'}.
      They join another bus while they write on; for another store they stop, and go on with a copy.
    </p>
    ${moved && html`<${Outcome} moved=${moved} />`}
  </section>`
