import type { SourceEdit } from '../rules/rule.ts'

/** A deliberate mistake that the simulation must find. */
export interface PlantedBug {
  readonly name: string
  readonly edits: readonly SourceEdit[]
}

/** Planted bugs other than switched-off rules of the protocol. */
export const otherBugs: readonly PlantedBug[] = [
  {
    name: 'a gap is applied',
    edits: [
      {
        file: 'replica/replica.ts',
        find: 'change.version === this.version + 1',
        replace: 'change.version > this.version',
      },
    ],
  },
  {
    name: 'an echo is applied twice',
    edits: [
      {
        file: 'replica/replica.ts',
        find: 'if (this.known && change.epoch === this.epoch && change.sequence <= this.sequence) return false',
        replace: '',
      },
      {
        file: 'replica/replica.ts',
        find: '(buffer[staleCount] as Change).sequence <= this.sequence',
        replace: '(buffer[staleCount] as Change).sequence < this.sequence',
      },
      {
        file: 'replica/replica.ts',
        find: 'change.sequence > this.sequence && this.#isNext(change)',
        replace: 'this.#isNext(change)',
      },
      {
        file: 'replica/replica.ts',
        find: 'change.version === this.version + 1',
        replace: '(change.version === this.version || change.version === this.version + 1)',
      },
    ],
  },
  {
    name: 'a condition on the version is not checked',
    edits: [
      {
        file: 'memory/expectation.ts',
        find: 'version !== undefined && version !== (document?.version ?? 0)',
        replace: 'false',
      },
    ],
  },
  {
    name: 'changes of one generation are applied in the order of arrival',
    edits: [{ file: 'replica/replica.ts', find: ' && change.version === this.version + 1', replace: '' }],
  },
  {
    name: 'a second gap is not repaired',
    edits: [
      {
        file: 'replica/gap-repair.ts',
        find: 'this.#repairing = undefined\n      if (this.#sequences',
        replace: 'if (this.#sequences',
      },
    ],
  },
  {
    name: 'the store keeps expired documents',
    edits: [
      {
        file: 'memory/document-table.ts',
        find: 'return document && now < document.expiresAt ? document',
        replace: 'return document ? document',
      },
    ],
  },
  {
    name: 'an expired replica is served',
    edits: [{ file: 'replica/expiry.ts', find: 'expiresAt <= this.#deps.runtime.elapsed()', replace: 'false' }],
  },
  {
    name: 'time is measured by the wall clock',
    edits: [
      {
        file: 'replica/expiry.ts',
        find: 'expiresAt <= this.#deps.runtime.elapsed()',
        replace: 'expiresAt <= this.#deps.runtime.now()',
      },
      {
        file: 'replica/expiry.ts',
        find: 'replica.expiresAt = this.#deps.runtime.elapsed() + ttl',
        replace: 'replica.expiresAt = this.#deps.runtime.now() + ttl',
      },
      { file: 'replica/expiry.ts', find: 'expiresAt - runtime.elapsed()', replace: 'expiresAt - runtime.now()' },
      {
        file: 'replica/replica-table.ts',
        find: 'replica.install(loaded, this.#deps.runtime.elapsed())',
        replace: 'replica.install(loaded, this.#deps.runtime.now())',
      },
    ],
  },
  {
    name: 'a merge strategy takes the last write',
    edits: [{ file: 'merge/merge.ts', find: 'remote + (local - base)', replace: 'local' }],
  },
  {
    name: 'a condition on a field is not checked',
    edits: [
      { file: 'memory/expectation.ts', find: 'if (expected !== fieldVersion(document, field))', replace: 'if (false)' },
    ],
  },
  {
    name: 'create overwrites an existing document',
    edits: [{ file: 'memory/expectation.ts', find: 'if (generation === 0 && document)', replace: 'if (false)' }],
  },
  {
    name: 'a write is acknowledged before it is committed',
    edits: [
      {
        file: 'collection/commit-loop.ts',
        find: 'mayBeCommitted = true',
        replace:
          "mayBeCommitted = true\n        if (failures > 0) return { result: { status: 'unchanged', current: { generation: 1, version: 1 }, state: { epoch: section.epochs.epoch, sequence: 0, opResultCount: 0, ancestors: [] } }, sends }",
      },
    ],
  },
  {
    name: 'a refusal counts for the earlier requests of a write',
    edits: [
      { file: 'collection/commit-loop.ts', find: 'mayBeCommitted = true', replace: '' },
      { file: 'collection/commit-loop.ts', find: "mayBeCommitted ||= result.status === 'committed'", replace: '' },
    ],
  },
  {
    name: 'a refused load is not repeated',
    edits: [{ file: 'replica/section-replica.ts', find: 'this.#replicas.retryFailed()', replace: '' }],
  },
  {
    name: 'fields keep the order of their arrival',
    edits: [
      {
        file: 'replica/replica.ts',
        find: 'if (this.#isExtended) this.#value = inCanonicalOrder(this.#value)',
        replace: '',
      },
    ],
  },
  {
    name: 'an ETag has no hash of the content',
    edits: [
      {
        file: 'model/etag.ts',
        find: 'hash = hash64(JSON.stringify(document))',
        replace: "hash = '0000000000000000'",
      },
    ],
  },
]
