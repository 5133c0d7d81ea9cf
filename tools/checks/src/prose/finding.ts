import type { Passage } from './passage.ts'

/** One violation of a writing rule. */
export interface Finding {
  /** `file:line`, or the name of a commit. */
  readonly place: string
  /** The words at fault, as they are written. */
  readonly text: string
  /** The remedy. */
  readonly hint: string
}

/** Maximum number of characters that are quoted on either side. */
const QUOTED = 40

/** Returns a finding for the range from `from` to `to` of a passage, quoted with the words around it. */
export function findingAt(passage: Passage, from: number, to: number, hint: string): Finding {
  const { source, start, text } = passage
  const before = /(?:\S+\s+){0,3}\S*$/.exec(text.slice(Math.max(0, from - QUOTED), from))?.[0].length ?? 0
  const after = /^\S*(?:\s+\S+){0,3}/.exec(text.slice(to, to + QUOTED))?.[0].length ?? 0
  const quoted = source.text.slice(start + from - before, start + to + after)
  return { place: `${source.file}:${source.lineAt(start + from)}`, text: oneLine(quoted), hint }
}

/** Collapses white space and the margins of comments. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*(?:\*\/|\*|\/\/)?\s*|\s+/g, ' ').trim()
}

/** Prints a finding: `file:line  text  → hint`. */
export function formatFinding({ place, text, hint }: Finding): string {
  return `${place}  ${text}  → ${hint}`
}
