import type { Source } from './source.ts'

/** The place of a passage in its file, which decides the rules that apply to it. */
export type PassageKind = 'docstring' | 'comment' | 'title' | 'string' | 'paragraph' | 'heading' | 'table'

/** One piece of English in a source file. */
export interface Passage {
  readonly source: Source
  readonly kind: PassageKind
  /** Offset of the passage in its source. */
  readonly start: number
  /** As long as in the source, so that offsets agree: markup is blank, and code is a run of `CODE`. */
  readonly text: string
}

/** Stands in for each character of code, so that no phrase matches across it. */
export const CODE = '\uFFFC'

/** Replaces every match by `filler`, keeping its length and its line breaks. */
export function mask(text: string, pattern: RegExp, filler: string): string {
  return text.replace(pattern, (match) => match.replaceAll(/[^\n]/g, filler))
}

/** Hides inline code, links to symbols and URLs. */
export function maskInlineCode(text: string): string {
  const withoutCode = mask(text, /(?<!`)(`+)(?!`)(?:[^`\n]|\n(?!\s*\n)|(?!\1(?!`))`)+\1(?!`)/g, CODE)
  return mask(mask(withoutCode, /\{@\w+[^}\n]*\}/g, CODE), /\bhttps?:\/\/[^\s<>)\]]*[^\s<>)\].,;:!?]/g, ' ')
}
