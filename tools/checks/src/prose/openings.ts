import { type Finding, findingAt } from './finding.ts'
import type { Passage } from './passage.ts'

const CLAUSE =
  /^[\s"'(]*(?:one who|what|whatever|who|whoever|whom|whose|how|where|when|why|which|is|are|am|was|were|does|has)\b/i
const FIRST_SENTENCE = /^[\s\S]*?(?:[.!?](?=\s|$)|$)/
const TITLE_CLAUSE = /^[\s"'(]*(?:who|whoever|whom|whose|what|whatever|how)\b/i

/** Finds a docstring that begins with a clause or a question. */
export function docstringOpening(passage: Passage): Finding[] {
  if (passage.kind !== 'docstring') return []
  const description = passage.text.replace(/(?<=^|\s)@[a-z][\s\S]*$/i, '').trimEnd()
  const clause = CLAUSE.exec(description)
  if (clause)
    return [finding(passage, clause[0], 'begin with a noun phrase, a third-person verb, or "True if"/"Whether"')]
  const sentence = FIRST_SENTENCE.exec(description)?.[0] ?? ''
  return sentence.endsWith('?') ? [finding(passage, sentence, 'a statement, not a question: "True if …"')] : []
}

/** Finds a test title that begins with a clause. */
export function titleOpening(passage: Passage): Finding[] {
  if (passage.kind !== 'title') return []
  const clause = TITLE_CLAUSE.exec(passage.text)
  return clause
    ? [finding(passage, clause[0], 'begin with a present-tense verb: the observable result, then "when …"')]
    : []
}

function finding(passage: Passage, opening: string, hint: string): Finding {
  return findingAt(passage, opening.search(/\w|$/), opening.length, hint)
}
