import { clock, html } from './html.js'

/** Log of events other than data changes, newest first. */
export const Log = ({ lines, empty }) => html`
  <section class="card" aria-labelledby="log">
    <h2 id="log">Events</h2>
    <div class="log" role="log" aria-labelledby="log" tabindex="0"><ol reversed>
      ${[...lines].reverse().map(
        ({ id, at, instance, text, times }) => html`
          <li key=${id}>
            <time>${clock(at)}</time>${' '}<span><b>${instance}</b> ${text}${times > 1 ? ` × ${times}` : ''}</span>
          </li>`,
      )}
    </ol></div>
    ${lines.length === 0 && html`<p class="empty">${empty}</p>`}
  </section>`
