import { useEffect, useState } from 'preact/hooks'
import { formatValue } from './edit.js'
import { clock, html } from './html.js'
import { post } from './stream.js'

const SECTIONS = [
  ['', 'All changes'],
  ['units', 'Forecast units'],
  ['outages', 'Outages'],
]
const POLL_MS = 1_000

/** Returns the lines that match the query, refreshed every second while the page is visible. */
function useJournal(query, onError) {
  const [lines, setLines] = useState()
  const request = JSON.stringify(query)
  useEffect(() => {
    let [ended, timer] = [false, undefined]
    const refresh = async () => {
      if (!document.hidden) {
        try {
          const answer = await post('/journal', JSON.parse(request))
          if (!ended) setLines(answer.lines)
        } catch (error) {
          if (!ended && lines === undefined) onError(error)
        }
      }
      if (!ended) timer = setTimeout(refresh, POLL_MS)
    }
    void refresh()
    return () => {
      ended = true
      clearTimeout(timer)
    }
  }, [request])
  return lines
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

/** Table of the latest changes: author, document, field, old and new value. */
export function Journal({ onError }) {
  const [section, setSection] = useState('')
  const [key, setKey] = useState('')
  const lines = useJournal({ ...(section && { section }), key: key.trim() }, onError)
  return html`
    <section class="card" aria-labelledby="journal">
      <div class="head">
        <h2 id="journal">Change history</h2>
        <div class="fields">
          <div class="field inline">
            <label for="journal-section">Show</label>
            <select id="journal-section" value=${section} onChange=${({ target }) => setSection(target.value)}>
              ${SECTIONS.map(([name, text]) => html`<option key=${name} value=${name}>${text}</option>`)}
            </select>
          </div>
          <div class="field inline">
            <label for="journal-key">Filter by key</label>
            <input id="journal-key" type="search" value=${key} placeholder="part of the key" onInput=${({ target }) => setKey(target.value)} />
          </div>
        </div>
      </div>
      <div class="wide scroll" tabindex="0" role="region" aria-labelledby="journal">
        <table>
          <thead>
            <tr>
              <th scope="col">Time</th><th scope="col">Author</th><th scope="col">Document</th>
              <th scope="col">Field</th><th scope="col">Old → new value</th>
            </tr>
          </thead>
          <tbody>${(lines ?? []).map((line) => html`<${Line} key=${line.id} line=${line} />`)}</tbody>
        </table>
        ${lines?.length === 0 && html`<p class="empty">No changes${key.trim() ? ` of documents with “${key.trim()}” in the key` : ''} yet.</p>`}
      </div>
    </section>`
}
