import type { Json } from '@sync/core'
import { jsonEqual } from '../../../src/model/json.ts'
import { decodePosition } from '../../../src/model/position.ts'
import type { Commit, History, ReadRecord } from '../history.ts'

/**
 * Checks the reads of all processes:
 *
 * - every document that was read is the result of a commit;
 * - at one version of one generation in one epoch, all processes read the same document;
 * - no process reads an older version than before in the same epoch;
 * - a read after a position returns the state at that position, or a newer one.
 */
export function checkReads({ reads, commits }: Pick<History, 'reads' | 'commits'>): string[] {
  const problems: string[] = []
  const commitsByState = Map.groupBy(commits, ({ key, generation, version }) => `${key} ${generation} ${version}`)
  const values = new Map<string, ReadRecord>()
  const last = new Map<string, ReadRecord>()
  for (const read of reads) {
    const { by, key, epoch, generation, version, value, after } = read
    const state = `${key} ${generation} ${version}`
    const candidates = commitsByState.get(state) ?? []
    const { fieldVersions } = read
    const equal = (other: { readonly value: Json }): boolean => other.value === value || jsonEqual(other.value, value)
    const commit = candidates.find(({ after: result }) => result !== undefined && equal({ value: result }))
    if (!commit)
      problems.push(
        `${by} read ${key} at ${generation}/${version} as ${JSON.stringify(value)}, which no commit produced`,
      )
    else if (candidates.length === 1 && !jsonEqual(fieldVersions, commit.fieldVersions))
      problems.push(
        `${by} read ${key} at ${generation}/${version}: expected field versions ${JSON.stringify(commit.fieldVersions)}, got ${JSON.stringify(fieldVersions)}`,
      )
    const other = values.get(`${epoch} ${state}`)
    if (!other) values.set(`${epoch} ${state}`, read)
    else if (!equal(other))
      problems.push(
        `${by} read ${key} at ${generation}/${version} as ${JSON.stringify(value)}, but ${other.by} as ${JSON.stringify(other.value)}`,
      )
    const before = last.get(`${by} ${key}`)
    if (before && before.epoch === epoch && isBefore(read, before))
      problems.push(
        `${by} read ${key} at ${generation}/${version} after ${before.generation}/${before.version}, which is newer`,
      )
    last.set(`${by} ${key}`, read)
    const minimum = after === undefined ? undefined : commitAt(commits, after)
    if (minimum && minimum.epoch === epoch && minimum.key === key && isBefore(read, minimum))
      problems.push(
        `${by} read ${key}: expected ${minimum.generation}/${minimum.version} or newer, got ${generation}/${version}`,
      )
  }
  return problems
}

function commitAt(commits: readonly Commit[], position: string): Commit | undefined {
  const { epoch, sequence } = decodePosition(position)
  return commits.find((commit) => commit.epoch === epoch && commit.sequence === sequence)
}

type State = Pick<ReadRecord, 'generation' | 'version'>

const isBefore = (a: State, b: State): boolean =>
  a.generation < b.generation || (a.generation === b.generation && a.version < b.version)
