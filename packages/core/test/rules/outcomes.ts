import type { Rule } from './rule.ts'

/** Rules O1–O20: a write takes effect once, even if requests and answers are lost, late, or from another history. */
export const outcomes: readonly Rule[] = [
  {
    name: 'id-survives-a-lost-reply',
    statement: 'A write that is sent again because no answer came keeps its operation id',
    consequence: 'the first request was executed, only its reply was lost, and the write counts twice',
    edits: [
      {
        file: 'collection/commit-loop.ts',
        find: 'await retryingStore.backOff(failures++)',
        replace:
          'await retryingStore.backOff(failures++)\nrequest = { ...request, op: { ...request.op, id: this.#nextOpId() } }',
      },
      {
        file: 'collection/commit-loop.ts',
        find: '{ ...op, attempt }, firstWrite)',
        replace: '{ ...op, id: this.#nextOpId(), attempt }, firstWrite)',
      },
    ],
    provenBy: { file: 'service/faults.test.ts', name: 'update() > counts once when the reply is lost' },
  },
  {
    name: 'id-survives-a-conflict',
    statement: 'A write that is rebuilt after a conflict keeps its operation id and increases its attempt number',
    consequence: 'a server that executed an earlier attempt does not recognise the later one, and both are executed',
    edits: [
      {
        file: 'collection/commit-loop.ts',
        find: '{ ...op, attempt }, firstWrite)',
        replace: '{ ...op, id: this.#nextOpId(), attempt }, firstWrite)',
      },
    ],
    provenBy: {
      file: 'collection/op-ids.test.ts',
      name: 'operation ids > keeps the id after a conflict and counts the attempts',
    },
  },
  {
    name: 'conflict-answers-its-attempt',
    statement: 'A remembered conflict answers attempts up to its own',
    consequence: 'a write that conflicted once gets the same conflict for every later attempt',
    edits: [
      {
        file: 'memory/op-memory.ts',
        find: "(known.result.status !== 'conflict' || attempt <= known.attempt)",
        replace: 'attempt',
      },
    ],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'commit() attempts > repeats a conflict for the same and earlier attempts, and runs a later one',
    },
  },
  {
    name: 'commit-answers-every-attempt',
    statement: 'A remembered commit answers every attempt of its write',
    consequence: 'a late copy of attempt 1, which conflicted, is executed and overwrites attempt 2',
    edits: [
      {
        file: 'memory/op-memory.ts',
        find: "(known.result.status !== 'conflict' || attempt <= known.attempt)",
        replace: 'attempt === known.attempt',
      },
    ],
    provenBy: { file: 'memory/operations.test.ts', name: 'commit() attempts > repeats a commit for every attempt' },
  },
  {
    name: 'conflict-is-remembered',
    statement: 'The store remembers conflicts',
    consequence: 'a late copy of a rejected write is executed after its caller received the rejection',
    edits: [
      {
        file: 'memory/execute-commit.ts',
        find: 'else section.opResults.remember(op, result)',
        replace: "else if (result.status !== 'conflict') section.opResults.remember(op, result)",
      },
    ],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'commit() attempts > repeats a conflict for the same and earlier attempts, and runs a later one',
    },
  },
  {
    name: 'nothing-to-do-is-remembered',
    statement: 'The store remembers "unchanged" results',
    consequence: 'a late copy of a redundant write overwrites a newer value',
    edits: [
      {
        file: 'memory/execute-commit.ts',
        find: 'else section.opResults.remember(op, result)',
        replace: "else if (result.status !== 'unchanged') section.opResults.remember(op, result)",
      },
    ],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'commit() with an op id > remembers that there was nothing to write, even when that changes later',
    },
  },
  {
    name: 'answer-has-the-change',
    statement: 'A remembered commit is answered with the complete change as it was first committed',
    consequence: 'the writer publishes a different change for the same version, or none',
    edits: [
      {
        file: 'memory/execute-commit.ts',
        find: 'else section.opResults.remember(op, result)',
        replace:
          "else section.opResults.remember(op, 'change' in result ? { ...result, change: assembleChange({ ...result, ...result.change, time: 0, edits: 'omitted' }) } : result)",
      },
    ],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'commit() with an op id > returns the delta again when the first result was a delta',
    },
  },
  {
    name: 'repeated-answer-is-published',
    statement: 'A commit that is acknowledged only on a repeated request is published then',
    consequence: 'its writer assumes that it was published, and no instance receives it before the next check',
    edits: [
      {
        file: 'collection/commit-loop.ts',
        find: 'publisher.publish(result.change)',
        replace: 'if (sends === 1) publisher.publish(result.change)',
      },
    ],
    provenBy: { file: 'collection/op-ids.test.ts', name: 'operation ids > publishes a write whose reply is lost' },
  },
  {
    name: 'forgotten-is-refused',
    statement: 'The store refuses an unknown operation id that is older than its memory, and never executes it',
    consequence: 'a copy that arrives after its result was forgotten is executed a second time',
    edits: [
      {
        file: 'memory/execute-commit.ts',
        find: 'if (section.opResults.mayBeForgotten(op.idOrigin, state))',
        replace: 'if (false)',
      },
    ],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'op memory > rejects an operation from before the window, even if it never arrived',
    },
  },
  {
    name: 'forgotten-is-in-doubt',
    statement: 'A write that was sent and is now forgotten rejects with `SYNC_OUTCOME_UNKNOWN`',
    consequence: 'the writer sends it under a new id, and it is executed twice',
    edits: [
      {
        file: 'collection/commit-loop.ts',
        find: 'if (sends > 1 || op.isCallerGiven)',
        replace: 'if (op.isCallerGiven)',
      },
    ],
    provenBy: {
      file: 'collection/op-ids.test.ts',
      name: 'operation ids > rejects with an unknown outcome when the reply is lost and the result forgotten',
    },
  },
  {
    name: 'memory-before-epoch',
    statement: 'The store looks up the operation id before it compares epochs',
    consequence:
      'a write that was committed before a restart is refused for its epoch, and its writer cannot learn the result',
    edits: [
      {
        file: 'memory/execute-commit.ts',
        find: 'if (known) return',
        replace: 'if (known && request.epoch === section.epoch) return',
      },
    ],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'op memory > survives a restart: operations run once, and results state the new epoch',
    },
  },
  {
    name: 'memory-survives-a-mint',
    statement: 'The op memory continues in a new epoch',
    consequence: 'a write whose reply was lost before a restart is executed twice',
    edits: [
      {
        file: 'memory/stored-section.ts',
        find: 'this.#epoch = this.#settings.runtime.id()',
        replace:
          'this.#epoch = this.#settings.runtime.id()\nthis.opResults = new OpMemory(this.#settings, this.undoLog)',
      },
    ],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'op memory > survives a restart: operations run once, and results state the new epoch',
    },
  },
  {
    name: 'other-epoch-is-refused',
    statement: "The store refuses a commit that names another epoch than the section's",
    consequence: 'a late copy of a write that was lost with the tail runs after a newer write',
    edits: [{ file: 'memory/execute-commit.ts', find: 'if (request.epoch !== state.epoch)', replace: 'if (false)' }],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'op memory > loses results with the lost tail, rejects the old epoch and runs the id once in the new one',
    },
  },
  {
    name: 'ancestor-is-refused',
    statement: 'A commit that names an ancestor epoch is refused as well, even if its writer was below the fork',
    consequence: 'the same late copy is accepted because its precondition is old enough',
    edits: [
      {
        file: 'memory/execute-commit.ts',
        find: 'if (request.epoch !== state.epoch)',
        replace: 'if (state.ancestors.every(({ epoch }) => epoch !== request.epoch) && request.epoch !== state.epoch)',
      },
    ],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'createMemoryHub() epochs > rejects a commit made in an earlier epoch and changes nothing',
    },
  },
  {
    name: 'refused-goes-again-as-it-was',
    statement: 'A write that was refused for its epoch is sent again unchanged, under the same operation id',
    consequence: 'it counts twice if the first request was executed and its answer arrives later',
    edits: [
      {
        file: 'collection/commit-loop.ts',
        find: "|| result.status === 'stale-epoch') continue",
        replace:
          "|| result.status === 'stale-epoch') {\nrequest = { ...request, op: { ...request.op, id: this.#nextOpId() } }\ncontinue\n}",
      },
    ],
    provenBy: {
      file: 'collection/op-ids.test.ts',
      name: 'operation ids > resends the same write under its id when the store refuses its epoch',
    },
  },
  {
    name: 'members-keep-their-ids',
    statement: 'Each member of a group has its own operation id, and a retry may regroup members freely',
    consequence: 'a write that is retried in another group is executed twice',
    edits: [
      {
        file: 'collection/commit-batcher.ts',
        find: 'group.map(({ request }) => request)',
        replace:
          'group.map(({ request }, index) => ({ ...request, op: { ...request.op, id: group[0].request.op.id + index } }))',
      },
    ],
    provenBy: {
      file: 'collection/op-ids.test.ts',
      name: 'operation ids > commits each write once when a group commit is resent in parts',
    },
  },
  {
    name: 'answer-of-a-left-epoch',
    statement:
      'An answer from an epoch that the instance has left is not an acknowledgement; the writer asks again under the same id',
    consequence: 'a write is acknowledged that was lost with the tail, after that loss was reported',
    edits: [
      {
        file: 'collection/commit-loop.ts',
        find: 'if (!section.acceptAnswer(result.state, asOf) || ',
        replace: 'section.acceptAnswer(result.state, asOf)\nif (',
      },
      {
        file: 'collection/commit-loop.ts',
        find: 'await section.untilApplied(request.ref.key, position)',
        replace: 'return { result, sends }',
      },
    ],
    provenBy: {
      file: 'replica/late-replies.test.ts',
      name: 'assign() > sends the write again under its id when the reply belongs to an earlier epoch',
    },
  },
  {
    name: 'giving-up-keeps-the-queue',
    statement:
      "A timeout or abort ends the caller's wait, not the write: the document's queue stays closed until the outcome is known",
    consequence: 'the next write overtakes the abandoned one, which then overwrites it',
    edits: [
      {
        file: 'collection/write-queue.ts',
        find: 'if (pendingWrite.sent)\n        return',
        replace:
          "if (pendingWrite.sent) this.#reject(pendingWrite, new ClosedError('given up'))\nif (pendingWrite.sent) return",
      },
      {
        file: 'collection/write-queue.ts',
        find: 'await this.#commitGroup(key, queue.splice(0, this.#countCombinable(queue)))',
        replace:
          'const batching = queue.splice(0, this.#countCombinable(queue))\nawait Promise.race([this.#commitGroup(key, batching), ...batching.map((pendingWrite) => pendingWrite.completion.promise.catch(() => {}))])',
      },
    ],
    provenBy: {
      file: 'collection/order.test.ts',
      name: 'writes to one document > commits a write whose caller gave up before a later one',
    },
  },
  {
    name: 'away-keeps-the-queue',
    statement: 'While the store is unavailable a waiting write keeps later writes to its document behind it',
    consequence: 'a newer write is executed first and the older one overwrites it',
    edits: [
      {
        file: 'collection/write-queue.ts',
        find: 'await this.#commitGroup(key, queue.splice(0, this.#countCombinable(queue)))',
        replace:
          'await Promise.race([this.#commitGroup(key, queue.splice(0, this.#countCombinable(queue))), new Promise((go) => (this.passing = go))])',
      },
      {
        file: 'collection/write-queue.ts',
        find: 'onStoreUnavailable(cause: SyncError): void {',
        replace: 'onStoreUnavailable(cause: SyncError): void {\nthis.passing?.()',
      },
    ],
    provenBy: {
      file: 'collection/order.test.ts',
      name: 'writes to one document > commits a write that waits for an unavailable store before a later one',
    },
  },
]
