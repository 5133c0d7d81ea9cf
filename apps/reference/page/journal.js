import { formatValue } from './edit.js'
import { clock, count, html, useEffect, useState } from './html.js'
import { FormError } from './instruments/inspector.js'
import { post } from './stream.js'
import { ScrollHint } from './tables.js'

const VIEWS = [
  ['people', 'Edits by people', { byPeople: true }],
  ['all', 'All changes', {}],
  ['units', 'Forecast units', { section: 'units' }],
  ['outages', 'Outages', { section: 'outages' }],
]
const POLL_MS = 1_000

/** Returns the lines that match the query, refreshed every second while the page is visible and not paused. */
function useJournal(query, paused) {
  const [state, setState] = useState({})
  const request = JSON.stringify(query)
  useEffect(() => {
    if (paused) return undefined
    let [ended, timer] = [false, undefined]
    const refresh = async () => {
      if (!document.hidden) {
        try {
          const { lines } = await post('/journal', JSON.parse(request))
          if (!ended) setState({ lines })
        } catch (error) {
          // the next refresh may succeed; lines that are shown stay
          if (!ended) setState((now) => (now.lines ? now : { error }))
        }
      }
      if (!ended) timer = setTimeout(refresh, POLL_MS)
    }
    void refresh()
    return () => {
      ended = true
      clearTimeout(timer)
    }
  }, [request, paused])
  return state
}

/** Combines the feed's changes of each second, so that they do not displace edits by people. */
function combine(lines) {
  const rows = []
  for (const line of lines) {
    const last = rows.at(-1)
    const second = clock(line.at)
    if (line.actor !== 'ingest') rows.push({ id: line.id, line })
    else if (last?.second === second) {
      last.changes++
      last.keys.add(line.key)
    } else rows.push({ id: `${line.actor} ${second}`, second, changes: 1, keys: new Set([line.key]) })
  }
  return rows
}

const text = (value) =>
  value === null || value === undefined
    ? 'nothing'
    : typeof value === 'object' && !Array.isArray(value)
      ? JSON.stringify(value)
      : formatValue(value)

const Line = ({ line: { at, actor, instance, key, version, kind, field, from, to } }) => html`
  <tr>
    <td><time>${clock(at)}</time></td>
    <td>${actor}${instance && html` <small>on ${instance}</small>`}</td>
    <th scope="row">${key} <small>v${version}</small></th>
    ${
      field === undefined
        ? html`<td colspan="2" class="faint">${kind}</td>`
        : html`<td>${field}</td><td class="fromto"><del>${text(from)}</del> <span aria-hidden="true">→</span> <ins>${text(to)}</ins></td>`
    }
  </tr>`

const Combined = ({ second, changes, keys }) => html`
  <tr>
    <td><time>${second}</time></td>
    <td>ingest</td>
    <td colspan="3" class="faint">${count(changes)} ${changes === 1 ? 'change' : 'changes'} in ${count(keys.size)} ${keys.size === 1 ? 'outage' : 'outages'}</td>
  </tr>`

/** Table of the latest changes: author, document, field, old and new value. */
export function Journal() {
  const [view, setView] = useState('people')
  const [key, setKey] = useState('')
  const [paused, setPaused] = useState(false)
  const filter = key.trim()
  const query = { ...VIEWS.find(([name]) => name === view)[2], key: filter }
  const { lines, error } = useJournal(query, paused)
  // a filter asks for single lines
  const rows = lines && (filter === '' ? combine(lines) : lines.map((line) => ({ id: line.id, line }))).slice(0, 60)
  const [pause, resume] = [() => setPaused(true), () => setPaused(false)]
  return html`
    <section class="card" aria-labelledby="journal">
      <div class="head">
        <div class="fields">
          <h2 id="journal">Change history</h2>
          <span class="chip" role="status">${paused ? 'Paused while you read' : 'Live'}</span>
        </div>
        <div class="fields">
          <div class="field inline">
            <label for="journal-section">Show</label>
            <select id="journal-section" value=${view} onChange=${({ target }) => setView(target.value)}>
              ${VIEWS.map(([name, label]) => html`<option key=${name} value=${name}>${label}</option>`)}
            </select>
          </div>
          <div class="field inline">
            <label for="journal-key">Filter by key</label>
            <input id="journal-key" type="search" value=${key} placeholder="part of the key" onInput=${({ target }) => setKey(target.value)} />
          </div>
        </div>
      </div>
      <${FormError} error=${error} />
      <${ScrollHint} />
      <div class="wide scroll journal" tabindex="0" role="region" aria-labelledby="journal"
        onMouseEnter=${pause} onMouseLeave=${resume} onFocusCapture=${pause} onBlurCapture=${resume}>
        <table>
          <thead>
            <tr>
              <th scope="col">Time</th><th scope="col">Author</th><th scope="col">Document</th>
              <th scope="col">Field</th><th scope="col">Old → new value</th>
            </tr>
          </thead>
          <tbody>${(rows ?? []).map((row) => (row.line ? html`<${Line} key=${row.id} line=${row.line} />` : html`<${Combined} key=${row.id} ...${row} />`))}</tbody>
        </table>
        ${rows?.length === 0 && html`<p class="empty">${filter ? `No changes of documents with “${filter}” in the key yet.` : view === 'people' ? 'No edits by people yet. Write with the form above, or show all changes.' : 'No changes yet.'}</p>`}
      </div>
    </section>`
}
