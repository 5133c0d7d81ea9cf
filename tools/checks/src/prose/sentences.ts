import { type Finding, oneLine } from './finding.ts'
import { CODE, type Passage } from './passage.ts'

/** Maximum number of words in a sentence of Markdown. */
const MAX_WORDS = 30

/** One sentence of a passage. */
export interface Sentence {
  readonly file: string
  readonly line: number
  /** As in the source, on one line. */
  readonly text: string
  readonly words: number
}

/** A long sentence that is tolerated for now. */
export interface AllowedSentence {
  readonly file: string
  /** The whole sentence with its markup, on one line. */
  readonly sentence: string
}

const MARGIN = /^[\s>]*(?:(?:[-*+]|\d+[.)])\s+)?/

/** Splits a paragraph or list item into sentences; headings and tables have none. */
export function sentencesOf({ kind, source, start, text }: Passage): Sentence[] {
  if (kind !== 'paragraph') return []
  const sentences: Sentence[] = []
  let from = 0
  for (const to of [...sentenceEnds(text), text.length]) {
    const words = countWords(text.slice(from, to))
    const margin = MARGIN.exec(source.text.slice(start + from, start + to))?.[0].length ?? 0
    if (words > 0) {
      sentences.push({
        file: source.file,
        line: source.lineAt(start + from + margin),
        text: oneLine(source.text.slice(start + from + margin, start + to)),
        words,
      })
    }
    from = to
  }
  return sentences
}

const SENTENCE_END = /(?<!\b(?:e\.g|i\.e|etc|cf|vs|approx|resp|No))[.!?…]+["'”’)]*(?=\s)/g

function sentenceEnds(text: string): number[] {
  return Array.from(text.matchAll(SENTENCE_END), ({ index, 0: end }) => index + end.length)
}

/** Inline code counts as one word, punctuation and markup as none. */
function countWords(text: string): number {
  return text
    .replaceAll(new RegExp(`${CODE}[${CODE}\\s]*(?=${CODE})`, 'g'), '')
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}\uFFFC]/u.test(word)).length
}

/** Finds sentences that are too long, and allowances that no sentence needs. */
export function longSentences(sentences: readonly Sentence[], allowed: readonly AllowedSentence[]): Finding[] {
  const long = sentences.filter(({ words }) => words > MAX_WORDS)
  const key = (file: string, text: string): string => `${file}\n${text}`
  const tolerated = new Set(allowed.map(({ file, sentence }) => key(file, sentence)))
  const needed = new Set(long.map(({ file, text }) => key(file, text)))
  return [
    ...long
      .filter(({ file, text }) => !tolerated.has(key(file, text)))
      .map(({ file, line, text, words }) => ({
        place: `${file}:${line}`,
        text: text.length > 80 ? `${text.slice(0, 79)}…` : text,
        hint: `${words} words, at most ${MAX_WORDS}: split it, or make it a list`,
      })),
    ...allowed
      .filter(({ file, sentence }) => !needed.has(key(file, sentence)))
      .map(({ file, sentence }) => ({
        place: file,
        text: sentence.length > 80 ? `${sentence.slice(0, 79)}…` : sentence,
        hint: 'no such long sentence: delete it from long-sentences.ts',
      })),
  ]
}
