import { type JsonObject, type MemoryHub, memoryStore, type Store } from '@sync/core'
import { type CommitRequest, type CommitResult, decodeChange } from '@sync/core/adapter'
import type { Commit, Recorder } from '../history.ts'

/** The store of a schedule, with somebody beside it who writes down what it does. */
export class RecordingStore {
  readonly store: Store
  readonly #hub: MemoryHub
  readonly #recorder: Recorder
  readonly #known = new Map<string, Commit>()

  constructor(hub: MemoryHub, recorder: Recorder) {
    this.store = memoryStore(hub)
    this.#hub = hub
    this.#recorder = recorder
  }

  /** Does the commits in this very step, one by one: what stands there after each is seen before the next. */
  async commit(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    const steps = group.map((request) => ({
      at: this.#recorder.tick(),
      committing: this.store.commit([request]),
      loading: this.store.load([request.ref]),
    }))
    const results: CommitResult[] = []
    for (const { at, committing, loading } of steps) {
      const [result] = (await committing) as [CommitResult]
      const [loaded] = await loading
      if (result.status === 'committed') {
        const { document } = loaded ?? {}
        this.#record(at, result, document && (JSON.parse(document.text) as JsonObject), document?.fieldVersions ?? {})
      }
      results.push(result)
    }
    return results
  }

  /** Loses the last `n` commits. */
  loseTail(n: number): void {
    this.#recorder.recordLoss(this.#hub.store.loseTail(n))
  }

  #record(
    at: number,
    { change, generation, version }: Extract<CommitResult, { status: 'committed' }>,
    after: JsonObject | undefined,
    fieldVersions: Commit['fieldVersions'],
  ): void {
    const { key, epoch, sequence } = change
    const id = `${epoch} ${sequence}`
    const before = this.#known.get(id)
    // an answer out of the op memory: nothing was done
    if (before && before.lostAt === undefined && before.key === key) return
    const { meta, time } = decodeChange(change)
    const call = meta?.['call']
    const commit = { at, key, epoch, sequence, generation, version, call, after, fieldVersions, time }
    this.#known.set(id, commit)
    // answers come back in any order
    const { commits } = this.#recorder
    commits.splice(commits.findLastIndex((each) => each.at < at) + 1, 0, commit)
  }
}
