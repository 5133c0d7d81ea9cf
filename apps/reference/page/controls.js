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
  <div role="group" aria-label="Pace of the feed" class="buttons">
    ${PACES.map(
      ([rate, label]) => html`
        <button type="button" aria-pressed=${pace === rate} onClick=${() => ask('/pace', { rate }).catch(onError)}>
          ${label}
        </button>`,
    )}
  </div>`
