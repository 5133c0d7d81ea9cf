import { clock, duration, html } from './html.js'

/** What a person has to hear of: what stands here changes with each figure, what is read aloud only with what is wrong. */
export function Alerts({ alerts, connected, error, onDismiss }) {
  const lost = { rule: 'the server cannot be heard', text: 'The server cannot be heard: what is shown is old.' }
  const now = connected ? alerts : [lost]
  return html`
    <div class="alerts" aria-hidden="true">
      ${now.map(({ rule, text }) => html`<p key=${rule} class="alert">${text}</p>`)}
    </div>
    <p class="unseen" role="alert">${now.map(({ rule }) => `Alert: ${rule}.`).join(' ')}</p>
    <div role="alert">
      ${
        error &&
        html`<p class="alert refused">${error.message} <button type="button" class="quiet" onClick=${onDismiss}>Dismiss</button></p>`
      }
    </div>`
}

/** The alerts since the start, newest first. */
export const PastAlerts = ({ past, now }) => html`
  <section class="card" aria-labelledby="alerts">
    <h2 id="alerts">Alerts since the start</h2>
    <ol class="log" reversed tabindex="0" aria-labelledby="alerts">
      ${[...past].reverse().map(
        ({ rule, since, until }) => html`
          <li key=${`${rule} ${since}`}>
            <time>${clock(since)}</time>
            <span class=${until ? '' : 'bad'}>${rule}, ${until ? `for ${duration(until - since)}` : `for ${duration(Math.max(0, now - since))} now`}</span>
          </li>`,
      )}
    </ol>
    ${
      past.length === 0 &&
      html`<p class="empty">None. An error rate over 0.1 %, a propagation p95 over 100 ms, a consistency under 99.9 %, or an
      instance over 5 s behind would stand here.</p>`
    }
  </section>`
