import { useRef } from 'preact/hooks'
import { clock, count, duration, html, percent } from './html.js'

/** What each instance holds and how it keeps up. */
export const Instances = ({ instances }) => html`
  <section class="card" aria-labelledby="instances">
    <h2 id="instances">Instances</h2>
    <div class="wide" tabindex="0" role="region" aria-labelledby="instances">
      <table>
        <thead>
          <tr>
            <th scope="col">Instance</th><th scope="col">State</th><th scope="col" class="number">Last confirmed</th><th scope="col" class="number">Head</th>
            <th scope="col" class="number">Documents</th><th scope="col" class="number">Applied</th><th scope="col" class="number">Behind</th>
            <th scope="col" class="number">Gaps</th><th scope="col" class="number">Repairs</th><th scope="col" class="number">Consistency</th>
          </tr>
        </thead>
        <tbody>
          ${instances.map(
            (each) => html`
              <tr key=${each.name}>
                <th scope="row">${each.name}</th>
                <td><span class="state ${each.state}">${each.state}</span></td>
                <td class="number">${duration(each.lagMs)} ago</td>
                <td class="number">${count(each.sequence)}</td>
                <td class="number">${count(each.documents)}</td>
                <td class="number">${count(each.applied)}</td>
                <td class="number">${count(each.behind)}</td>
                <td class="number">${count(each.gaps)}</td>
                <td class="number">${count(each.repairs)}</td>
                <td class="number">${each.score === undefined ? '–' : percent(each.score)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`

const COLUMNS = [
  ['CITY', 'City'],
  ['OUTAGE_CAUSE', 'Cause'],
  ['CREW_CURRENT_STATUS', 'Crew'],
  ['EST_CUSTOMERS', 'Customers'],
  ['LAST_UPDATE', 'Updated'],
]

const shown = (name, value) =>
  value === null ? '–' : name === 'LAST_UPDATE' ? new Date(value).toISOString().slice(5, 16).replace('T', ' ') : value

/** The outages that changed last; a field that changed flashes. */
export function Outages({ rows }) {
  const seen = useRef(new Map())
  const before = seen.current
  seen.current = new Map(rows.map(({ key, version }) => [key, version]))
  return html`
    <section class="card" aria-labelledby="outages">
      <h2 id="outages">Outages that changed last, as replica 1 has them</h2>
      <div class="wide" tabindex="0" role="region" aria-labelledby="outages">
        <table>
          <thead>
            <tr>
              <th scope="col">Outage</th><th scope="col" class="number">Version</th>
              ${COLUMNS.map(([, label]) => html`<th scope="col">${label}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              ({ key, version, changed, fields }) => html`
                <tr key=${`${key} ${version}`} class=${before.get(key) === version ? '' : 'fresh'}>
                  <th scope="row">${key}</th>
                  <td class=${`number ${changed.length > 0 ? 'changed' : ''}`}>${version}</td>
                  ${COLUMNS.map(
                    ([name]) =>
                      html`<td class=${changed.includes(name) ? 'changed' : ''}>${shown(name, fields[name])}</td>`,
                  )}
                </tr>`,
            )}
          </tbody>
        </table>
        ${rows.length === 0 && html`<p class="empty">No outage changed yet.</p>`}
      </div>
    </section>`
}

/** What happened beside the data, newest first. */
export const Log = ({ lines }) => html`
  <section class="card" aria-labelledby="log">
    <h2 id="log">Events</h2>
    <div class="log" role="log" aria-labelledby="log" tabindex="0"><ol reversed>
      ${[...lines].reverse().map(
        ({ id, at, instance, text, times }) => html`
          <li key=${id}>
            <time>${clock(at)}</time> <b>${instance}</b> ${text}${times > 1 ? ` × ${times}` : ''}
          </li>`,
      )}
    </ol></div>
    ${lines.length === 0 && html`<p class="empty">Nothing but changes so far. Break something.</p>`}
  </section>`
