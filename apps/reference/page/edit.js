import { useEffect, useId, useState } from 'preact/hooks'
import { html } from './html.js'
import { ask } from './stream.js'

/** Of each field: what decides when two write it at once, and how it is typed in. */
const FIELDS = {
  demand: { rule: 'custom', means: 'two values meet in the middle', kind: 'number', unit: 'MW' },
  installedCapacity: { rule: 'max', means: 'the greater value stays', kind: 'number', unit: 'MW' },
  tags: { rule: 'union', means: 'what either added is in, what either removed is out', kind: 'list' },
  unitName: { rule: 'lww', means: 'what comes to the store last stays', kind: 'text' },
  unitType: { rule: 'lww', means: 'what comes to the store last stays', kind: 'text' },
}

const PEOPLE = ['Ann', 'Ben']

export const shown = (value) => (Array.isArray(value) ? value.join(', ') : value === undefined ? '–' : `${value}`)

/** What somebody may want it to be, so that one press shows something. */
function suggestion(kind, value, person) {
  if (kind === 'number') return `${Math.round((value + [20, 40][person]) * 10) / 10}`
  if (kind === 'list') return [...value, ['peak', 'base'][person]].join(', ')
  return `${value} ${['North', 'South'][person]}`
}

function parsed(kind, text) {
  if (kind === 'number') return text.trim() === '' ? Number.NaN : Number(text)
  if (kind === 'text') return text
  return text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
}

const Select = ({ label, value, options, onChange }) => {
  const id = useId()
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <select id=${id} value=${value} onChange=${({ target }) => onChange(target.value)}>
        ${options.map(([option, text]) => html`<option key=${option} value=${option}>${text}</option>`)}
      </select>
    </div>`
}

const Input = ({ label, value, kind, hint, onInput }) => {
  const id = useId()
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <input key=${kind} id=${id} type=${kind === 'number' ? 'number' : 'text'} step="any" required value=${value} placeholder=${hint}
        onInput=${({ target }) => onInput(target.value)} />
    </div>`
}

const Person = ({ number, hand, instances, field, onChange }) => html`
  <fieldset class="person">
    <legend>${['First', 'Second'][number]} writer</legend>
    <${Select} label="At" value=${hand.instance} options=${instances.map((name) => [name, name])}
      onChange=${(instance) => onChange({ ...hand, instance })} />
    <${Input} label="Who" value=${hand.actor} onInput=${(actor) => onChange({ ...hand, actor })} />
    <${Input} label=${`Writes${field.unit ? `, ${field.unit}` : ''}`} value=${hand.text} kind=${field.kind}
      hint=${field.kind === 'list' ? 'separated by commas' : ''} onInput=${(text) => onChange({ ...hand, text })} />
  </fieldset>`

/** One unit, field by field, as every replica holds it. */
const Copies = ({ unit, units, field }) => {
  const instances = Object.keys(units)
  return html`
    <div class="wide" tabindex="0" role="region" aria-label=${`${unit} as every replica holds it`}>
      <table class="copies">
        <caption><code>forecast:config:${unit}</code> as every replica holds it</caption>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Rule</th>
            ${instances.map((name) => html`<th key=${name} scope="col">${name} <small>v${units[name][unit]?.version ?? '–'}</small></th>`)}
          </tr>
        </thead>
        <tbody>
          ${Object.entries(FIELDS).map(([name, { rule, means }]) => {
            const cells = instances.map((instance) => {
              const { value, fieldVersions } = units[instance][unit] ?? {}
              return { text: shown(value?.[name]), version: fieldVersions?.[name] }
            })
            const differ = new Set(cells.map(({ text }) => text)).size > 1
            return html`
              <tr key=${name} class=${name === field ? 'chosen' : ''}>
                <th scope="row">${name}</th>
                <td><span class="chip" title=${means}>${rule}</span></td>
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
  <div class="result" aria-live="polite" role="status" aria-label="What came of it">
    ${
      result
        ? html`
          <p><b>${result.title}</b></p>
          <ol>${result.told.map((text) => html`<li key=${text} class=${text.includes('onflict') ? 'conflict' : ''}>${text}</li>`)}</ol>`
        : html`<p class="faint">Nothing was written yet. Both writers begin from what their replica holds, and neither hears of the
          other before both have written.</p>`
    }
  </div>`

/** Two people at two replicas edit a field of a unit: at once, or one on a condition. */
export function Edit({ units, onError }) {
  const instances = Object.keys(units)
  const keys = [...new Set(instances.flatMap((name) => Object.keys(units[name])))].sort()
  const [unit, setUnit] = useState('unit-001')
  const [name, setName] = useState('demand')
  const [hands, setHands] = useState(() => PEOPLE.map((actor, i) => ({ instance: instances[i], actor, text: '' })))
  const [result, setResult] = useState()
  const [writing, setWriting] = useState(false)
  const field = FIELDS[name]
  const held = units[instances[0]]?.[unit]?.value
  const suggest = (key, each) => {
    const value = units[instances[0]]?.[key]?.value
    if (value)
      setHands((now) => now.map((hand, i) => ({ ...hand, text: suggestion(FIELDS[each].kind, value[each], i) })))
  }
  useEffect(() => suggest(unit, name), [held === undefined])
  // another unit or field asks for other values; what is typed in stays otherwise
  const choose = (key, each) => {
    setUnit(key)
    setName(each)
    suggest(key, each)
  }

  const submit = async (path, title) => {
    setWriting(true)
    const given = hands.map(({ instance, actor, text }) => ({ instance, actor, value: parsed(field.kind, text) }))
    try {
      const { told } = await ask(path, { key: unit, field: name, hands: given, hand: given[0] })
      setResult({ title, told })
      onError(undefined)
    } catch (error) {
      onError(error)
    } finally {
      setWriting(false)
    }
  }
  const change = (number) => (hand) => setHands((now) => now.map((each, i) => (i === number ? hand : each)))
  return html`
    <section class="card" aria-labelledby="edit">
      <h2 id="edit">Edit it</h2>
      <div class="edit">
        <form onSubmit=${(event) => {
          event.preventDefault()
          void submit('/edit-at-once', 'Written at once')
        }}>
          <div class="fields">
            <${Select} label="Unit" value=${unit} options=${keys.map((key) => [key, key])} onChange=${(key) => choose(key, name)} />
            <${Select} label="Field" value=${name} onChange=${(each) => choose(unit, each)}
              options=${Object.entries(FIELDS).map(([each, { rule }]) => [each, `${each} (${rule})`])} />
          </div>
          <div class="head">
            <p class="faint"><span class="chip">${field.rule}</span> ${field.means}</p>
            <button type="button" class="quiet" onClick=${() => suggest(unit, name)}>Suggest values</button>
          </div>
          <div class="people">
            ${hands.map((hand, i) => html`<${Person} number=${i} hand=${hand} instances=${instances} field=${field} onChange=${change(i)} />`)}
          </div>
          <div class="buttons">
            <button class="primary" disabled=${writing}>Both write at once</button>
            <button type="button" disabled=${writing} title="The first reads, the second writes, then the first writes only if nothing changed"
              onClick=${() => submit('/compare-and-set', 'Compare and set')}>First writes if unchanged</button>
            <button type="button" disabled=${writing} onClick=${() => submit('/edit', 'Written')}>Only the first writes</button>
          </div>
        </form>
        <div class="outcome">
          <${Result} result=${result} />
          <${Copies} unit=${unit} units=${units} field=${name} />
        </div>
      </div>
    </section>`
}
