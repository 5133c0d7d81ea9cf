import { count, html } from './html.js'
import { FormError } from './instruments/inspector.js'
import { useRequest } from './stream.js'

const Choice = ({ label, options, selected, busy, onChange }) => html`
  <div class="field">
    <label for=${`move-${label}`}>${label}</label>
    <select id=${`move-${label}`} value=${selected} disabled=${busy} onChange=${({ target }) => onChange(target.value)}>
      ${options.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
    </select>
  </div>`

const describeDigest = ({ documents, digest, differing }) =>
  html`<code title=${digest}>${digest.slice(0, 12)}</code> of ${count(documents)} documents,
    ${differing.length === 0 ? ' identical in the store and on all replicas' : ` different on ${differing.join(', ')}`}`

const Outcome = ({ migration: { kind, from, to, before, after } }) => html`
  <dl class="migration">
    <dt>Last move: ${kind} from ${from} to ${to}</dt>
    <dd>Before: ${describeDigest(before)}</dd>
    <dd>After: ${describeDigest(after)}</dd>
    <dd>${before.digest === after.digest ? 'The documents are identical.' : 'The documents differ.'}</dd>
  </dl>`

/** Controls that move the running system to another bus, or restart it on another store. */
export function Migration({ targets, busy, lastMigration }) {
  const { send, error } = useRequest()
  return html`
  <section class="card" aria-labelledby="move">
    <h2 id="move">Move to another bus or store</h2>
    <div class="fields">
      <${Choice} label="Bus" options=${targets.buses} selected=${targets.bus} busy=${busy !== undefined}
        onChange=${(to) => send('/move-bus', { to })} />
      <${Choice} label="Store" options=${targets.stores} selected=${targets.store} busy=${busy !== undefined}
        onChange=${(to) => send('/move-store', { to })} />
    </div>
    <${FormError} error=${error} />
    <p class="faint">
      ${targets.hosting === 'processes' ? 'Each service runs in its own process.' : 'All services run in one process.'} A move to
      another bus does not interrupt writes. A move to another store restarts the services on a copy of the documents.
    </p>
    ${lastMigration && html`<${Outcome} migration=${lastMigration} />`}
  </section>`
}
