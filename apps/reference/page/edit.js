import { html, useEffect, useState } from './html.js'
import { FormError } from './instruments/inspector.js'
import { useRequest } from './stream.js'
import { ScrollHint } from './tables.js'

/** Merge strategy, its description, input type and unit of each field. */
const FIELDS = {
  demand: { strategy: 'custom', meaning: 'the midpoint of both values', kind: 'number', unit: 'MW' },
  installedCapacity: { strategy: 'max', meaning: 'the greater value wins', kind: 'number', unit: 'MW' },
  tags: { strategy: 'union', meaning: 'additions of both are kept, removals of both are applied', kind: 'list' },
  unitName: { strategy: 'lww', meaning: 'the last write wins', kind: 'text' },
  unitType: { strategy: 'lww', meaning: 'the last write wins', kind: 'text' },
}

const AUTHORS = ['Ann', 'Ben']

export const formatValue = (value) => (Array.isArray(value) ? value.join(', ') : value === undefined ? '–' : `${value}`)

/** Returns an example of a new value, so that one click demonstrates a merge. */
function suggestion(kind, value, writer) {
  if (kind === 'number') return `${Math.round((value + [20, 40][writer]) * 10) / 10}`
  if (kind === 'list') return [...value, ['peak', 'base'][writer]].join(', ')
  return `${value} ${['North', 'South'][writer]}`
}

function parse(kind, text) {
  if (kind === 'number') return text.trim() === '' ? Number.NaN : Number(text)
  if (kind === 'text') return text
  return text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
}

const Select = ({ id, label, value, options, onChange }) => html`
    <div class="field">
      <label for=${id}>${label}</label>
      <select id=${id} value=${value} onChange=${({ target }) => onChange(target.value)}>
        ${options.map(([option, text]) => html`<option key=${option} value=${option}>${text}</option>`)}
      </select>
    </div>`

const Input = ({ id, label, value, kind, hint, isInvalid = false, onInput }) => html`
    <div class="field">
      <label for=${id}>${label}</label>
      <input key=${kind} id=${id} type=${kind === 'number' ? 'number' : 'text'} step="any" required value=${value} placeholder=${hint}
        aria-invalid=${isInvalid} onInput=${({ target }) => onInput(target.value)} />
    </div>`

const Writer = ({ number, edit, instances, field, isInvalid, onChange }) => html`
  <fieldset class="writer">
    <legend>${['First', 'Second'][number]} writer</legend>
    <${Select} id=${`writer-${number}-replica`} label="Replica" value=${edit.instance} options=${instances.map((name) => [name, name])}
      onChange=${(instance) => onChange({ ...edit, instance })} />
    <${Input} id=${`writer-${number}-author`} label="Author" value=${edit.actor} onInput=${(actor) => onChange({ ...edit, actor })} />
    <${Input} id=${`writer-${number}-value`} isInvalid=${isInvalid} label=${`New value${field.unit ? ` (${field.unit})` : ''}`} value=${edit.text} kind=${field.kind}
      hint=${field.kind === 'list' ? 'comma-separated' : ''} onInput=${(text) => onChange({ ...edit, text })} />
  </fieldset>`

/** Table of one unit's fields on every replica. */
const Copies = ({ unit, units, field }) => {
  const instances = Object.keys(units)
  return html`
    <${ScrollHint} />
    <div class="wide" tabindex="0" role="region" aria-label=${`${unit} on every replica`}>
      <table class="copies">
        <caption><code>forecast:config:${unit}</code> on every replica</caption>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Merge strategy</th>
            ${instances.map((name) => html`<th key=${name} scope="col">${name} <small>v${units[name][unit]?.version ?? '–'}</small></th>`)}
          </tr>
        </thead>
        <tbody>
          ${Object.entries(FIELDS).map(([name, { strategy, meaning }]) => {
            const cells = instances.map((instance) => {
              const { value, fieldVersions } = units[instance][unit] ?? {}
              return { text: formatValue(value?.[name]), version: fieldVersions?.[name] }
            })
            const differ = new Set(cells.map(({ text }) => text)).size > 1
            return html`
              <tr key=${name} class=${name === field ? 'chosen' : ''}>
                <th scope="row">${name}</th>
                <td><span class="chip" title=${meaning}>${strategy}</span></td>
                ${cells.map(
                  ({ text, version }, index) => html`
                    <td key=${`${instances[index]} ${text} ${version}`} class=${`fresh-cell ${differ ? 'differs' : ''}`}>
                      ${text} <small>v${version ?? '–'}</small>
                    </td>`,
                )}
              </tr>`
          })}
        </tbody>
      </table>
    </div>`
}

const Result = ({ result }) => html`
  <div class="result" aria-live="polite" role="status" aria-label="Result">
    ${
      result
        ? html`
          <p><b>${result.title}</b></p>
          <ol>${result.summary.map((text) => html`<li key=${text} class=${text.includes('onflict') ? 'conflict' : ''}>${text}</li>`)}</ol>`
        : html`<p class="faint">Nothing written yet. Both writers start from their replica's value. Neither replica receives the other's
          change before both have written.</p>`
    }
  </div>`

/** Form for edits of one field on two replicas: concurrent, conditional, or single. */
export function Edit({ units }) {
  const { send, error } = useRequest()
  const instances = Object.keys(units)
  const keys = [...new Set(instances.flatMap((name) => Object.keys(units[name])))].sort()
  const [unit, setUnit] = useState('unit-001')
  const [name, setName] = useState('demand')
  const [edits, setEdits] = useState(() => AUTHORS.map((actor, i) => ({ instance: instances[i], actor, text: '' })))
  const [result, setResult] = useState()
  const [writing, setWriting] = useState(false)
  const field = FIELDS[name]
  const current = units[instances[0]]?.[unit]?.value
  const suggest = (key, fieldName) => {
    const value = units[instances[0]]?.[key]?.value
    if (value)
      setEdits((now) =>
        now.map((edit, i) => ({ ...edit, text: suggestion(FIELDS[fieldName].kind, value[fieldName], i) })),
      )
  }
  useEffect(() => suggest(unit, name), [current === undefined])
  // another unit or field needs other values; otherwise the user's input is kept
  const select = (key, fieldName) => {
    setUnit(key)
    setName(fieldName)
    suggest(key, fieldName)
  }

  const submit = async (path, title) => {
    setWriting(true)
    const payload = edits.map(({ instance, actor, text }) => ({ instance, actor, value: parse(field.kind, text) }))
    const answer = await send(path, { key: unit, field: name, edits: payload, edit: payload[0] })
    if (answer) setResult({ title, summary: answer.summary })
    setWriting(false)
  }
  const change = (number) => (edit) => setEdits((now) => now.map((each, i) => (i === number ? edit : each)))
  return html`
    <section class="card" aria-labelledby="edit">
      <h2 id="edit">Concurrent edits</h2>
      <div class="edit">
        <form onSubmit=${(event) => {
          event.preventDefault()
          void submit('/concurrent-edits', 'Concurrent writes')
        }}>
          <div class="fields">
            <${Select} id="edit-unit" label="Unit" value=${unit} options=${keys.map((key) => [key, key])} onChange=${(key) => select(key, name)} />
            <${Select} id="edit-field" label="Field" value=${name} onChange=${(fieldName) => select(unit, fieldName)}
              options=${Object.entries(FIELDS).map(([fieldName, { strategy }]) => [fieldName, `${fieldName} (${strategy})`])} />
          </div>
          <div class="head">
            <p class="faint"><span class="chip">${field.strategy}</span> ${field.meaning}</p>
            <button type="button" class="quiet" onClick=${() => suggest(unit, name)}>Suggest values</button>
          </div>
          <div class="writers">
            ${edits.map((edit, i) => html`<${Writer} key=${i} number=${i} isInvalid=${error?.message.startsWith(`${name}:`) ?? false} edit=${edit} instances=${instances} field=${field} onChange=${change(i)} />`)}
          </div>
          <div class="buttons">
            <button class="primary" disabled=${writing}>Write both at once</button>
            <button type="button" disabled=${writing} title="The first replica reads, the second writes, then the first writes only if the field is unchanged"
              onClick=${() => submit('/compare-and-set', 'Compare and set')}>Write first if unchanged</button>
            <button type="button" disabled=${writing} onClick=${() => submit('/edit', 'Single write')}>Write first only</button>
          </div>
          <${FormError} error=${error} />
        </form>
        <div class="outcome">
          <${Result} result=${result} />
          <${Copies} unit=${unit} units=${units} field=${name} />
        </div>
      </div>
    </section>`
}
