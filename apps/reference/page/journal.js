import { useEffect, useState } from 'preact/hooks'
import { shown } from './edit.js'
import { clock, html } from './html.js'
import { ask } from './stream.js'

const SECTIONS = [
  ['', 'everything'],
  ['units', 'forecast units'],
  ['outages', 'outages'],
]
const POLL_MS = 1_000

/** What was asked for last, asked again every second while the page is looked at. */
function useJournal(query, onError) {
  const [lines, setLines] = useState()
  const wanted = JSON.stringify(query)
  useEffect(() => {
    let [ended, timer] = [false, undefined]
    const look = async () => {
      if (!document.hidden) {
        try {
          const answer = await ask('/journal', JSON.parse(wanted))
          if (!ended) setLines(answer.lines)
        } catch (error) {
          if (!ended && lines === undefined) onError(error)
        }
      }
      if (!ended) timer = setTimeout(look, POLL_MS)
    }
    void look()
    return () => {
      ended = true
      clearTimeout(timer)
    }
  }, [wanted])
  return lines
}

const value = (given) =>
  given === null || given === undefined
    ? 'nothing'
    : typeof given === 'object' && !Array.isArray(given)
      ? JSON.stringify(given)
      : shown(given)

const Line = ({ line: { at, actor, instance, key, version, what, field, from, to } }) => html`
  <tr>
    <td><time>${clock(at)}</time></td>
    <td>${actor}${instance && html` <small>at ${instance}</small>`}</td>
    <th scope="row">${key} <small>v${version}</small></th>
    ${
      field === undefined
        ? html`<td colspan="2" class="faint">${what}</td>`
        : html`<td>${field}</td><td class="fromto"><del>${value(from)}</del> <span aria-hidden="true">→</span> <ins>${value(to)}</ins></td>`
    }
  </tr>`

/** Who changed which field from what to what. */
export function Journal({ onError }) {
  const [section, setSection] = useState('')
  const [key, setKey] = useState('')
  const lines = useJournal({ ...(section && { section }), key: key.trim() }, onError)
  return html`
    <section class="card" aria-labelledby="journal">
      <div class="head">
        <h2 id="journal">Who changed what</h2>
        <div class="fields">
          <div class="field inline">
            <label for="journal-section">Of</label>
            <select id="journal-section" value=${section} onChange=${({ target }) => setSection(target.value)}>
              ${SECTIONS.map(([name, text]) => html`<option key=${name} value=${name}>${text}</option>`)}
            </select>
          </div>
          <div class="field inline">
            <label for="journal-key">Document</label>
            <input id="journal-key" type="search" value=${key} placeholder="part of its key" onInput=${({ target }) => setKey(target.value)} />
          </div>
        </div>
      </div>
      <div class="wide scroll" tabindex="0" role="region" aria-labelledby="journal">
        <table>
          <thead>
            <tr>
              <th scope="col">When</th><th scope="col">Who</th><th scope="col">Document</th>
              <th scope="col">Field</th><th scope="col">From → to</th>
            </tr>
          </thead>
          <tbody>${(lines ?? []).map((line) => html`<${Line} key=${line.id} line=${line} />`)}</tbody>
        </table>
        ${lines?.length === 0 && html`<p class="empty">No change of ${key.trim() ? `a document with “${key.trim()}” in its key` : 'these'} was heard of yet.</p>`}
      </div>
    </section>`
}
