import type { CompareAndSetResult, ConcurrentEdits, EditWrite } from './edits.ts'
import type { UnitValue } from './services/forecast/units.ts'

/** A value as people read it. */
function formatValue(value: UnitValue | null): string {
  if (value === null) return 'nothing'
  if (typeof value === 'string') return `“${value}”`
  return typeof value === 'number' ? `${value}` : `[${value.join(', ')}]`
}

const STRATEGY_TEXTS: Readonly<Record<ConcurrentEdits['strategy'], string>> = {
  lww: 'lww: what comes to the store last stays',
  max: 'max: the greater value stays',
  union: 'union: what either added is in, what either removed is out',
  custom: 'custom: a function of this app, by which two values meet in the middle',
}

/** What became of edits, sentence by sentence. */
export function summarizeEdits({ field, strategy, writes, held }: ConcurrentEdits): readonly string[] {
  const [first, second] = writes
  if (!first) return []
  const lines = [`${first.instance} wrote ${field} = ${formatValue(first.wanted)}: ${describeWrite(first)}.`]
  if (second) {
    const knew = second.before.version >= first.version
    lines.push(
      knew
        ? `${second.instance} had heard of it by then. It wrote ${formatValue(second.wanted)}: ${describeWrite(second)}. Nothing had to be merged.`
        : `${second.instance} wrote ${formatValue(second.wanted)}, not knowing of it. ${describeConflict(second)}`,
    )
    if (!knew) lines.push(`The rule of ${field} is ${STRATEGY_TEXTS[strategy]}.`)
  }
  return [...lines, describeAgreement(held)]
}

const describeWrite = ({ changed, version }: EditWrite): string =>
  changed ? `document version ${version}` : `it was so already, document version ${version}`

function describeConflict({ conflicts, wanted, version, changed }: EditWrite): string {
  const [conflict] = conflicts
  if (!conflict) return `The store took it after the other: document version ${version}.`
  const found = `Conflict: it expected document version ${conflict.expected} and found version ${conflict.found}, with ${formatValue(conflict.remote)}.`
  return changed
    ? `${found} It merged its ${formatValue(wanted)} with that: document version ${version}.`
    : `${found} Merged with its ${formatValue(wanted)} that is the same, so there was nothing to write.`
}

/** What became of a conditional write, sentence by sentence. */
export function summarizeCompareAndSet({
  field,
  read,
  other,
  tried,
  held,
  hands,
}: CompareAndSetResult): readonly string[] {
  const [first, second] = hands
  const lines = [
    `${first.instance} read ${field} = ${formatValue(read.value)} at field version ${read.fieldVersion}.`,
    `${second.instance} wrote ${formatValue(other.value)}: field version ${other.fieldVersion}.`,
  ]
  if (tried.ok) {
    lines.push(
      `${first.instance} wrote ${formatValue(first.wanted)} on condition of version ${read.fieldVersion}, which still held: field version ${tried.fieldVersion}.`,
    )
  } else {
    lines.push(
      `${first.instance} wanted ${formatValue(first.wanted)} only if the field was still at version ${read.fieldVersion}. Conflict: the store has version ${tried.fieldVersion}. Nothing was written; the answer was ${formatValue(tried.value)}, to decide again.`,
    )
  }
  return [...lines, describeAgreement(held)]
}

function describeAgreement(held: ConcurrentEdits['held']): string {
  const states = new Set(held.map(({ value, version }) => `${formatValue(value)} at document version ${version}`))
  const [state] = states
  if (states.size === 1) return `All ${held.length} replicas hold ${state}.`
  return `${held.map(({ instance, value, version }) => `${instance} holds ${formatValue(value)} at version ${version}`).join('; ')}.`
}
