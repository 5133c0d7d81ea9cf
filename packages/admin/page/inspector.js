import { clock, html, useEffect, useRef, useState } from './html.js'

const when = (at) => `${new Date(at).toISOString().slice(0, 10)} ${clock(at)}`

/** A form's error, beside the form. It takes the focus, so that it is read aloud and never off-screen. */
export function FormError({ error }) {
  const element = useRef()
  useEffect(() => {
    if (error) element.current?.focus()
  }, [error])
  return html`<div role="alert">${error && html`<p ref=${element} class="form-error" tabindex="-1">${error.message}</p>`}</div>`
}

const Fields = ({ fields }) => html`
  <div class="wide" tabindex="0" role="region" aria-label="Fields">
    <table class="fields-table">
      <thead><tr><th scope="col">Field</th><th scope="col" class="number">Version</th><th scope="col">Value</th></tr></thead>
      <tbody>
        ${fields.map(
          ({ name, version, json }) => html`
            <tr key=${name}>
              <th scope="row">${name}</th><td class="number">${version ?? '–'}</td>
              <td class="value">${json === undefined ? html`<span class="faint">hidden</span>` : html`<code>${json}</code>`}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`

const writer = ({ actor, ...others } = {}) =>
  [actor, ...Object.entries(others).map(([name, value]) => `${name}: ${value}`)].filter(Boolean).join(', ')

const RecentChanges = ({ changes }) => html`
  <h3>Recent changes</h3>
  ${changes.length === 0 && html`<p class="empty">This instance received no change of the document in the last hour.</p>`}
  <ol class="log" reversed tabindex="0" aria-label="Recent changes">
    ${changes.map(
      ({ kind, version, at, fields, meta }) => html`
        <li key=${`${version} ${at}`}>
          <time>${clock(at)}</time>${' '}<span><b>v${version}</b> ${kind === 'delta' ? 'changed' : kind}${fields.length > 0 && ` ${fields.join(', ')}`}${writer(meta) && html` <small>by ${writer(meta)}</small>`}</span>
        </li>`,
    )}
  </ol>`

/** One document: its value, the version of each field, and its recent changes. */
const DocumentView = ({ document: { key, exists, version, changedAt, stale, fields, changes } }) => html`
  <div class="document">
    <p>
      <b class="key">${key}</b>${' '}
      ${
        exists
          ? html`<span class="chip">version ${version}</span> <span class="faint">changed ${when(changedAt)}</span>${stale && html` <span class="chip warn">stale</span>`}`
          : html`<span class="chip warn">does not exist</span>`
      }
    </p>
    ${exists && html`<${Fields} fields=${fields} />`}
    <${RecentChanges} changes=${changes} />
  </div>`

/**
 * Form that reads one document. `sources`: choices as `{ label, value }`; `read(value, key)` resolves with the document;
 * `Tools` are shown below it. The example of a key is `hint`.
 */
export function Inspector({ sources, read, hint = '', Tools }) {
  const [source, setSource] = useState(0)
  const [key, setKey] = useState('')
  const [shown, setShown] = useState()
  const [error, setError] = useState()
  const chosen = sources[source] ?? sources[0]
  const load = async (value, wanted) => {
    try {
      const document = await read(value, wanted)
      setShown({ document, value })
      setError(undefined)
    } catch (problem) {
      setShown(undefined)
      setError(problem)
    }
  }
  const submit = (event) => {
    event.preventDefault()
    if (key.trim() === '') setError(new Error('Enter the key of a document.'))
    else void load(chosen.value, key.trim())
  }
  return html`
    <section class="card" aria-labelledby="inspector">
      <h2 id="inspector">Document inspector</h2>
      <form class="fields" onSubmit=${submit} novalidate>
        <div class="field">
          <label for="inspector-source">Read from</label>
          <select id="inspector-source" value=${source} onChange=${({ target }) => setSource(Number(target.value))}>
            ${sources.map(({ label }, index) => html`<option key=${label} value=${index}>${label}</option>`)}
          </select>
        </div>
        <div class="field">
          <label for="inspector-key">Key</label>
          <input id="inspector-key" value=${key} placeholder=${hint} autocomplete="off" spellcheck=${false}
            aria-invalid=${Boolean(error)} onInput=${({ target }) => setKey(target.value)} />
        </div>
        <button class="primary">Show document</button>
      </form>
      <${FormError} error=${error} />
      <div aria-live="polite">${shown && html`<${DocumentView} document=${shown.document} />`}</div>
      ${shown && Tools && html`<${Tools} document=${shown.document} value=${shown.value} reload=${() => load(shown.value, shown.document.key)} />`}
    </section>`
}
