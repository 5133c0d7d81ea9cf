import { type Finding, findingAt } from './finding.ts'
import type { Passage } from './passage.ts'
import { type BannedPhrase, wordList } from './word-list.ts'

const compiled = wordList.map((phrase) => ({
  ...phrase,
  pattern: new RegExp(phrase.pattern.source.replaceAll(' ', '\\s+'), 'gi'),
}))

/** Finds the phrases of the word list in a passage. */
export function bannedPhrases(passage: Passage): Finding[] {
  return compiled.filter((phrase) => applies(phrase, passage)).flatMap((phrase) => matches(phrase, passage))
}

function applies({ kinds }: BannedPhrase, { kind }: Passage): boolean {
  return kinds === undefined || kinds.includes(kind)
}

function matches({ pattern, hint }: BannedPhrase, passage: Passage): Finding[] {
  if (passage.text.search(pattern) < 0) return [] // far quicker than an empty matchAll, which copies the pattern
  return Array.from(passage.text.matchAll(pattern), ({ index, 0: match }) => {
    const margin = match.search(/\w/)
    return findingAt(passage, index + margin, index + match.length, hint)
  })
}
