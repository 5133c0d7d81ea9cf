import { clock, duration, html } from './html.js'

/**
 * Active alerts, in a bar that is always there, so that an alert moves nothing. The visible text changes with every figure; the
 * text for screen readers changes only when an alert begins or ends.
 */
export function Alerts({ alerts, connected }) {
  const disconnected = {
    rule: 'no connection to the server',
    text: 'No connection to the server. The figures are out of date.',
  }
  const active = connected ? alerts : [disconnected]
  return html`
    <div class="alert-bar ${active.length > 0 ? 'alert' : ''}" aria-hidden="true">
      ${active.length === 0 ? 'No alerts' : active.map(({ rule, text }) => html`<span key=${rule}>${text}</span>`)}
    </div>
    <p class="visually-hidden" role="alert">${active.map(({ rule }) => `Alert: ${rule}.`).join(' ')}</p>`
}

/** All alerts since the start, newest first. */
export const PastAlerts = ({ past, now }) => html`
  <section class="card" aria-labelledby="alerts">
    <h2 id="alerts">Alert history</h2>
    <ol class="log" reversed tabindex="0" aria-labelledby="alerts">
      ${[...past].reverse().map(
        ({ rule, since, until }) => html`
          <li key=${`${rule} ${since}`}>
            <time>${clock(since)}</time>${' '}<span class=${until ? '' : 'bad'}>${rule}, ${until ? `for ${duration(until - since)}` : `ongoing for ${duration(Math.max(0, now - since))}`}</span>
          </li>`,
      )}
    </ol>
    ${
      past.length === 0 &&
      html`<p class="empty">No alerts yet. Thresholds: error rate over 0.1 %, propagation p95 over 100 ms, consistency under 99.9 %, a
      stale instance, or one that is over 5 s behind.</p>`
    }
  </section>`
