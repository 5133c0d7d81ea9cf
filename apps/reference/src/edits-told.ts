import type { AtOnce, Cas, Written } from './edits.ts'
import type { UnitValue } from './services/forecast/units.ts'

/** A value as people read it. */
function shown(value: UnitValue | null): string {
  if (value === null) return 'nothing'
  if (typeof value === 'string') return `“${value}”`
  return typeof value === 'number' ? `${value}` : `[${value.join(', ')}]`
}

const RULES: Readonly<Record<AtOnce['strategy'], string>> = {
  lww: 'lww: what comes to the store last stays',
  max: 'max: the greater value stays',
  union: 'union: what either added is in, what either removed is out',
  custom: 'custom: a function of this app, by which two values meet in the middle',
}

/** What became of edits, sentence by sentence. */
export function toldEdits({ field, strategy, writes, held }: AtOnce): readonly string[] {
  const [first, second] = writes
  if (!first) return []
  const lines = [`${first.instance} wrote ${field} = ${shown(first.wanted)}: ${landed(first)}.`]
  if (second) {
    const knew = second.before.version >= first.version
    lines.push(
      knew
        ? `${second.instance} had heard of it by then. It wrote ${shown(second.wanted)}: ${landed(second)}. Nothing had to be merged.`
        : `${second.instance} wrote ${shown(second.wanted)}, not knowing of it. ${metBy(second)}`,
    )
    if (!knew) lines.push(`The rule of ${field} is ${RULES[strategy]}.`)
  }
  return [...lines, agreement(held)]
}

const landed = ({ changed, version }: Written): string =>
  changed ? `document version ${version}` : `it was so already, document version ${version}`

function metBy({ conflicts, wanted, version, changed }: Written): string {
  const [met] = conflicts
  if (!met) return `The store took it after the other: document version ${version}.`
  const found = `Conflict: it expected document version ${met.expected} and found version ${met.found}, with ${shown(met.remote)}.`
  return changed
    ? `${found} It merged its ${shown(wanted)} with that: document version ${version}.`
    : `${found} Merged with its ${shown(wanted)} that is the same, so there was nothing to write.`
}

/** What became of a conditional write, sentence by sentence. */
export function toldTry({ field, read, other, tried, held, hands }: Cas): readonly string[] {
  const [first, second] = hands
  const lines = [
    `${first.instance} read ${field} = ${shown(read.value)} at field version ${read.fieldVersion}.`,
    `${second.instance} wrote ${shown(other.value)}: field version ${other.fieldVersion}.`,
  ]
  if (tried.ok) {
    lines.push(
      `${first.instance} wrote ${shown(first.wanted)} on condition of version ${read.fieldVersion}, which still held: field version ${tried.fieldVersion}.`,
    )
  } else {
    lines.push(
      `${first.instance} wanted ${shown(first.wanted)} only if the field was still at version ${read.fieldVersion}. Conflict: the store has version ${tried.fieldVersion}. Nothing was written; the answer was ${shown(tried.value)}, to decide again.`,
    )
  }
  return [...lines, agreement(held)]
}

function agreement(held: AtOnce['held']): string {
  const states = new Set(held.map(({ value, version }) => `${shown(value)} at document version ${version}`))
  const [state] = states
  if (states.size === 1) return `All ${held.length} replicas hold ${state}.`
  return `${held.map(({ instance, value, version }) => `${instance} holds ${shown(value)} at version ${version}`).join('; ')}.`
}
