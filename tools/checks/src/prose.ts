import { readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { bannedPhrases } from './prose/banned-phrases.ts'
import { commitSubjects } from './prose/commits.ts'
import { isSelected, proseFiles } from './prose/files.ts'
import { type Finding, formatFinding } from './prose/finding.ts'
import { allowedSentences } from './prose/long-sentences.ts'
import { docstringOpening, titleOpening } from './prose/openings.ts'
import { passagesOf } from './prose/passages.ts'
import { longSentences, type Sentence, sentencesOf } from './prose/sentences.ts'
import { Source } from './prose/source.ts'
import { root } from './workspace.ts'

/** Comments, docstrings, messages, test titles, Markdown and commit subjects follow the writing rules. */
export async function prose(paths: readonly string[] = []): Promise<string[]> {
  const selected = paths.map((path) => relative(root, resolve(path)) || '.')
  const files = proseFiles(root).filter((file) => isSelected(file, selected))
  if (files.length === 0) throw new Error(`no file with prose in ${paths.join(', ')}`)
  const inFiles = fileFindings(files, selected)
  return [...inFiles, ...(paths.length === 0 ? await commitFindings() : [])].map(formatFinding)
}

function fileFindings(files: readonly string[], selected: readonly string[]): Finding[] {
  const findings: Finding[] = []
  const sentences: Sentence[] = []
  for (const file of files) {
    for (const passage of passagesOf(new Source(file, readFileSync(join(root, file), 'utf8')))) {
      findings.push(...bannedPhrases(passage), ...docstringOpening(passage), ...titleOpening(passage))
      if (file.endsWith('.md')) sentences.push(...sentencesOf(passage))
    }
  }
  const allowed = allowedSentences.filter(({ file }) => isSelected(file, selected))
  return [...findings, ...longSentences(sentences, allowed)]
}

async function commitFindings(): Promise<Finding[]> {
  const findings = await commitSubjects()
  if (findings === undefined) console.log('prose: skips commit subjects: the history does not contain the base commit')
  return findings ?? []
}
