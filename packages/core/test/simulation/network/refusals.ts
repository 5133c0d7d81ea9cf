import { type Store, SyncError } from '@sync/core'
import type { CommitRequest, CommitResult, Head } from '@sync/core/adapter'
import type { Recorder } from '../history.ts'
import type { NetworkState, RefusableCall } from './network-state.ts'

type Read = Exclude<RefusableCall, 'commit' | 'publish'>

/** Executes a group of commits that has arrived at the store. */
export type CommitHandler = (group: readonly CommitRequest[]) => Promise<CommitResult[]>

/** A definite refusal: the caller lacks a right, or the server is out of memory. Nothing was executed. */
export class RefusedError extends SyncError {
  static override readonly code = 'SYNC_REFUSED'
  override readonly code = 'SYNC_REFUSED'
}

/** Rejects if this call is refused now. */
export async function assertAllowed({ refused }: NetworkState, call: RefusableCall): Promise<void> {
  if (refused.has(call)) throw new RefusedError(`${call} was refused`)
}

/** Returns the reads of a store that refuses one process's calls. */
export function refusingReads(store: Store, network: NetworkState): Pick<Store, Read> {
  const unlessRefused = <R>(call: Read, run: () => Promise<R>): Promise<R> => assertAllowed(network, call).then(run)
  return {
    load: (refs) => unlessRefused('load', () => store.load(refs)),
    heads: (queries) => unlessRefused('heads', () => store.heads(queries)),
    changesSince: (...query) => unlessRefused('changesSince', () => store.changesSince(...query)),
    keys: (...query) => unlessRefused('keys', () => store.keys(...query)),
    touch: (refs) => unlessRefused('touch', () => store.touch(refs)),
  }
}

/** Returns the commits of a store that refuses whole groups of one process, or one request of a group. */
export const refusingCommits =
  (commits: CommitHandler, store: Store, network: NetworkState, random: () => number): CommitHandler =>
  async (group) => {
    await assertAllowed(network, 'commit')
    if (network.requestsToRefuse === 0) return commits(group)
    network.requestsToRefuse--
    const refused = Math.floor(random() * group.length)
    const results = await commits(group.filter((_, at) => at !== refused))
    const { ref } = group[refused] as CommitRequest
    const [head] = await store.heads([{ scope: { partition: ref.partition, section: ref.section } }])
    const { state } = head as Head
    const error = new RefusedError('this commit was refused')
    return [...results.slice(0, refused), { status: 'failed', error, state }, ...results.slice(refused)]
  }

/** Records the refusals that a process receives. */
export class RefusalLog {
  readonly #by: string
  readonly #recorder: Recorder
  /** Operation ids with an earlier request that may be committed, as far as the process can know. */
  readonly #mayBeCommitted = new Set<string>()

  constructor(by: string, recorder: Recorder) {
    this.#by = by
    this.#recorder = recorder
  }

  /** Records the answer of a call other than a commit. */
  async record<R>(answer: Promise<R>): Promise<R> {
    try {
      return await answer
    } catch (error) {
      if (error instanceof RefusedError) this.#recorder.refusals.push({ by: this.#by, at: this.#recorder.tick() })
      throw error
    }
  }

  /** Records the answer of a group of commits. */
  async recordCommits(group: readonly CommitRequest[], answer: Promise<CommitResult[]>): Promise<CommitResult[]> {
    try {
      const results = await answer
      for (const [at, result] of results.entries()) {
        const request = group[at] as CommitRequest
        if (result.status === 'failed' && result.error instanceof RefusedError) this.#record(request, true)
        // the commit may be lost with its epoch, so that the process sends the request again
        else if (result.status === 'committed') this.#mayBeCommitted.add(request.op.id)
      }
      return results
    } catch (error) {
      for (const request of group)
        if (error instanceof RefusedError) this.#record(request, false)
        else this.#mayBeCommitted.add(request.op.id)
      throw error
    }
  }

  #record({ ref: { key }, op, meta }: CommitRequest, single: boolean): void {
    const [by, at, call] = [this.#by, this.#recorder.tick(), meta?.['call']]
    // then a refusal does not prove that the write took no effect
    if (this.#mayBeCommitted.has(op.id)) this.#recorder.refusals.push({ by, at, repetitionOn: key })
    else this.#recorder.refusals.push({ by, at, ...(call !== undefined && { call, single }) })
  }
}
