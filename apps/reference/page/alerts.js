import { clock, duration, html } from './html.js'

/** Active alerts. The visible text changes with every figure; the text for screen readers changes only when an alert begins or ends. */
export function Alerts({ alerts, connected, error, onDismiss }) {
  const disconnected = {
    rule: 'no connection to the server',
    text: 'No connection to the server. The figures are out of date.',
  }
  const active = connected ? alerts : [disconnected]
  return html`
    <div class="alerts" aria-hidden="true">
      ${active.map(({ rule, text }) => html`<p key=${rule} class="alert">${text}</p>`)}
    </div>
    <p class="visually-hidden" role="alert">${active.map(({ rule }) => `Alert: ${rule}.`).join(' ')}</p>
    <div role="alert">
      ${
        error &&
        html`<p class="alert error">${error.message} <button type="button" class="quiet" onClick=${onDismiss}>Dismiss</button></p>`
      }
    </div>`
}

/** All alerts since the start, newest first. */
export const PastAlerts = ({ past, now }) => html`
  <section class="card" aria-labelledby="alerts">
    <h2 id="alerts">Alert history</h2>
    <ol class="log" reversed tabindex="0" aria-labelledby="alerts">
      ${[...past].reverse().map(
        ({ rule, since, until }) => html`
          <li key=${`${rule} ${since}`}>
            <time>${clock(since)}</time>
            <span class=${until ? '' : 'bad'}>${rule}, ${until ? `for ${duration(until - since)}` : `ongoing for ${duration(Math.max(0, now - since))}`}</span>
          </li>`,
      )}
    </ol>
    ${
      past.length === 0 &&
      html`<p class="empty">No alerts yet. Thresholds: error rate over 0.1 %, propagation p95 over 100 ms, consistency under 99.9 %, or
      an instance over 5 s behind.</p>`
    }
  </section>`
