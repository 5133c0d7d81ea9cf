import { useRef } from 'preact/hooks'
import { clock, count, duration, html, percent } from './html.js'

/** Table of all instances. */
export const Instances = ({ instances }) => html`
  <section class="card" aria-labelledby="instances">
    <h2 id="instances">Instances</h2>
    <div class="wide" tabindex="0" role="region" aria-labelledby="instances">
      <table>
        <thead>
          <tr>
            <th scope="col">Instance</th><th scope="col">State</th><th scope="col" class="number">Last confirmed</th><th scope="col" class="number">Sequence</th>
            <th scope="col" class="number">Documents</th><th scope="col" class="number">Applied</th><th scope="col" class="number">Behind</th>
            <th scope="col" class="number">Gaps</th><th scope="col" class="number">Repairs</th><th scope="col" class="number">Consistency</th>
          </tr>
        </thead>
        <tbody>
          ${instances.map(
            (each) => html`
              <tr key=${each.name}>
                <th scope="row">${each.name}</th>
                <td><span class="state ${each.state}">${each.state.replace('-', ' ')}</span></td>
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

const formatCell = (name, value) =>
  value === null ? '–' : name === 'LAST_UPDATE' ? new Date(value).toISOString().slice(5, 16).replace('T', ' ') : value

/** Table of the outages that changed most recently. Changed fields flash. */
export function Outages({ rows }) {
  const seen = useRef(new Map())
  const before = seen.current
  seen.current = new Map(rows.map(({ key, version }) => [key, version]))
  return html`
    <section class="card" aria-labelledby="outages">
      <h2 id="outages">Latest outage changes on replica 1</h2>
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
                      html`<td class=${changed.includes(name) ? 'changed' : ''}>${formatCell(name, fields[name])}</td>`,
                  )}
                </tr>`,
            )}
          </tbody>
        </table>
        ${rows.length === 0 && html`<p class="empty">No outage has changed yet.</p>`}
      </div>
    </section>`
}

/** Log of events other than data changes, newest first. */
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
    ${lines.length === 0 && html`<p class="empty">No events yet. Inject a fault to see how the replicas recover.</p>`}
  </section>`
