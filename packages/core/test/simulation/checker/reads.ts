import type { Json } from '@sync/core'
import { jsonEqual } from '../../../src/model/json.ts'
import { decodePosition } from '../../../src/model/position.ts'
import type { Commit, History, ReadRecord } from '../history.ts'

/**
 * What processes held: at one version of one life in one epoch everyone sees the same, which some commit left; a process
 * never goes back; and who asks as of a place gets what is there, or newer.
 */
export function checkReads({ reads, commits }: Pick<History, 'reads' | 'commits'>): string[] {
  const wrong: string[] = []
  const made = Map.groupBy(commits, ({ key, generation, version }) => `${key} ${generation} ${version}`)
  const values = new Map<string, ReadRecord>()
  const last = new Map<string, ReadRecord>()
  for (const sighting of reads) {
    const { by, key, epoch, generation, version, value, after } = sighting
    const state = `${key} ${generation} ${version}`
    const candidates = made.get(state) ?? []
    const { fieldVersions } = sighting
    const equal = (each: { readonly value: Json }): boolean => each.value === value || jsonEqual(each.value, value)
    const commit = candidates.find(({ after: left }) => left !== undefined && equal({ value: left }))
    if (!commit)
      wrong.push(`${by} saw ${key} at ${generation}/${version} as ${JSON.stringify(value)}, which nobody wrote`)
    else if (candidates.length === 1 && !jsonEqual(fieldVersions, commit.fieldVersions))
      wrong.push(
        `${by} saw ${key} at ${generation}/${version} with ${JSON.stringify(fieldVersions)}, not ${JSON.stringify(commit.fieldVersions)}`,
      )
    const other = values.get(`${epoch} ${state}`)
    if (!other) values.set(`${epoch} ${state}`, sighting)
    else if (!equal(other))
      wrong.push(
        `${by} saw ${key} at ${generation}/${version} as ${JSON.stringify(value)}, ${other.by} as ${JSON.stringify(other.value)}`,
      )
    const before = last.get(`${by} ${key}`)
    if (before && before.epoch === epoch && isBefore(sighting, before))
      wrong.push(`${by} went back from ${before.generation}/${before.version} of ${key} to ${generation}/${version}`)
    last.set(`${by} ${key}`, sighting)
    const asked = after === undefined ? undefined : commitAt(commits, after)
    if (asked && asked.epoch === epoch && asked.key === key && isBefore(sighting, asked))
      wrong.push(`${by} asked for ${key} as of ${asked.generation}/${asked.version}, and saw ${generation}/${version}`)
  }
  return wrong
}

function commitAt(commits: readonly Commit[], position: string): Commit | undefined {
  const { epoch, sequence } = decodePosition(position)
  return commits.find((commit) => commit.epoch === epoch && commit.sequence === sequence)
}

type State = Pick<ReadRecord, 'generation' | 'version'>

const isBefore = (a: State, b: State): boolean =>
  a.generation < b.generation || (a.generation === b.generation && a.version < b.version)
