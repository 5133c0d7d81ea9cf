import { count, duration, html, percent, useRef } from './html.js'
import { Card, State, Table } from './instruments/figures.js'
import { shownState } from './topology.js'

const INSTANCES = [
  ['Instance', ({ name }) => name],
  ['State', (each) => html`<${State} state=${each.shown} />`],
  ['Confirmed', ({ lagMs }) => `${duration(lagMs)} ago`, 'number'],
  ['Sequence', ({ sequence }) => count(sequence), 'number'],
  ['Documents', ({ documents }) => count(documents), 'number'],
  ['Applied', ({ applied }) => count(applied), 'number'],
  ['Behind', ({ behind }) => count(behind), 'number'],
  ['Gaps', ({ gaps }) => count(gaps), 'number'],
  ['Repairs', ({ repairs }) => count(repairs), 'number'],
  ['Consistency', ({ score }) => (score === undefined ? '–' : percent(score)), 'number'],
]

/** Table of all instances. */
export const Instances = ({ instances, faults }) => html`
  <${Card} id="instances" title="Instances">
    <${Table} label="Instances" columns=${INSTANCES} keyOf=${({ name }) => name}
      rows=${instances.map((each) => ({ ...each, shown: shownState(each, faults[each.name]) }))} />
  <//>`

const COLUMNS = [
  ['CITY', 'City'],
  ['OUTAGE_CAUSE', 'Cause'],
  ['CREW_CURRENT_STATUS', 'Crew'],
  ['EST_CUSTOMERS', 'Customers'],
  ['LAST_UPDATE', 'Updated'],
]

const formatCell = (name, value) =>
  value === null ? '–' : name === 'LAST_UPDATE' ? new Date(value).toISOString().slice(5, 16).replace('T', ' ') : value

/** Hint below a table that is wider than a phone. */
export const ScrollHint = () => html`<p class="scroll-hint" aria-hidden="true">Scroll sideways for more columns →</p>`

/** Table of the outages that changed most recently. Changed fields flash. */
export function Outages({ rows }) {
  const seen = useRef(new Map())
  const before = seen.current
  seen.current = new Map(rows.map(({ key, version }) => [key, version]))
  return html`
    <${Card} id="outages" title="Latest outage changes on replica 1">
      <${ScrollHint} />
      <div class="wide scroll" tabindex="0" role="region" aria-labelledby="outages">
        <table class="outages">
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
    <//>`
}
