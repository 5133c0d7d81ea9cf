import { command } from '../command.ts'
import type { Finding } from './finding.ts'

/** The last commit before the rules for subjects. */
const BASE = '4813ef7c8ce6b70d37e087b1d7ffd83df0ae42cd'
const MAX_LENGTH = 72
const SHAPE = /^(?:feat|fix|docs|refactor|perf|test|build|ci|chore|revert|style)(?:\([^()\s]+\))?!?: (?<summary>\S.*)$/
/** Imperatives that end like a participle. */
const IMPERATIVES = new Set([
  'embed',
  'exceed',
  'feed',
  'need',
  'proceed',
  'seed',
  'shed',
  'speed',
  'bring',
  'ping',
  'string',
])

/** Returns findings for the commits after `BASE`, or `undefined` if the history does not reach back to it. */
export async function commitSubjects(): Promise<Finding[] | undefined> {
  const log = await gitLog()
  return log?.flatMap(({ commit, subject }) =>
    subjectProblems(subject).map((hint) => ({ place: `commit ${commit}`, text: subject, hint })),
  )
}

async function gitLog(): Promise<{ commit: string; subject: string }[] | undefined> {
  try {
    const { ok } = await command('git', ['merge-base', '--is-ancestor', BASE, 'HEAD'])
    if (!ok) return undefined
    const { output } = await command('git', ['log', '--no-merges', '--format=%h %s', `${BASE}..HEAD`])
    return Array.from(output.matchAll(/^(\S+) (.*)$/gm), ([, commit = '', subject = '']) => ({ commit, subject }))
  } catch {
    return undefined // git is not installed
  }
}

/** Returns the remedies that a commit subject needs. */
export function subjectProblems(subject: string): string[] {
  const summary = SHAPE.exec(subject)?.groups?.['summary']
  const verb = summary?.match(/^[\w-]+/)?.[0].toLowerCase() ?? ''
  return [
    ...(summary === undefined
      ? ['type(scope): imperative; types: feat fix docs refactor perf test build ci chore revert']
      : []),
    ...(subject.length > MAX_LENGTH ? [`${subject.length} characters, at most ${MAX_LENGTH}`] : []),
    ...(subject.endsWith('.') ? ['no period at the end'] : []),
    ...(/(?:ed|ing)$/.test(verb) && !IMPERATIVES.has(verb)
      ? [`an imperative in place of "${verb}": add, fix, remove`]
      : []),
  ]
}
