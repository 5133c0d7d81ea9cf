import type { Rule } from './rule.ts'

/** How a write is done once, though calls and answers are lost, late, or of another history. */
export const outcomes: readonly Rule[] = [
  {
    name: 'id-survives-a-lost-reply',
    statement: 'A write that is sent again for want of an answer keeps its op id',
    consequence: 'it is done twice if only the answer was lost',
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
    statement: 'A write that is built again after a conflict keeps its op id and counts the attempt',
    consequence: 'an earlier attempt that some server did commit does not answer for it, and both are done',
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
    statement: 'A remembered conflict answers the attempts up to its own',
    consequence: 'a write that met a conflict once never gets past it',
    edits: [
      {
        file: 'memory/op-memory.ts',
        find: "(known.result.status !== 'conflict' || attempt <= known.attempt)",
        replace: 'attempt',
      },
    ],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'attempts > a conflict answers its own attempt and earlier ones, a later one is carried out',
    },
  },
  {
    name: 'commit-answers-every-attempt',
    statement: 'A remembered commit answers every attempt at the write',
    consequence: 'a late copy of an attempt that conflicted undoes the commit that followed',
    edits: [
      {
        file: 'memory/op-memory.ts',
        find: "(known.result.status !== 'conflict' || attempt <= known.attempt)",
        replace: 'attempt === known.attempt',
      },
    ],
    provenBy: { file: 'memory/operations.test.ts', name: 'attempts > a commit answers every attempt' },
  },
  {
    name: 'conflict-is-remembered',
    statement: 'The op memory keeps conflicts too',
    consequence: 'a late copy of a write that was refused is done when nobody expects it',
    edits: [
      {
        file: 'memory/execute-commit.ts',
        find: 'else section.opResults.remember(op, result)',
        replace: "else if (result.status !== 'conflict') section.opResults.remember(op, result)",
      },
    ],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'attempts > a conflict answers its own attempt and earlier ones, a later one is carried out',
    },
  },
  {
    name: 'nothing-to-do-is-remembered',
    statement: 'The op memory keeps that there was nothing to do',
    consequence: 'a late copy of a write that found everything as wanted undoes what came after',
    edits: [
      {
        file: 'memory/execute-commit.ts',
        find: 'else section.opResults.remember(op, result)',
        replace: "else if (result.status !== 'unchanged') section.opResults.remember(op, result)",
      },
    ],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'an op id > that had nothing to do is remembered too: what is true later does not change the answer',
    },
  },
  {
    name: 'answer-has-the-change',
    statement: 'A remembered commit is answered with all that makes the change, as it was made',
    consequence: 'what is published again is another change, or none',
    edits: [
      {
        file: 'memory/execute-commit.ts',
        find: 'else section.opResults.remember(op, result)',
        replace:
          "else section.opResults.remember(op, 'change' in result ? { ...result, change: assembleChange({ ...result, ...result.change, time: 0, edits: 'omitted' }) } : result)",
      },
    ],
    provenBy: { file: 'memory/operations.test.ts', name: 'an op id > of a delta is answered with the delta again' },
  },
  {
    name: 'repeated-answer-is-published',
    statement: 'A commit that is acknowledged only when asked again is published then',
    consequence: 'its writer holds it published, and nobody heard of it',
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
    statement: 'An unknown op id that is older than the op memory is refused by the store',
    consequence: 'a late copy of a write is done a second time when its answer was forgotten',
    edits: [
      {
        file: 'memory/execute-commit.ts',
        find: 'if (section.opResults.mayBeForgotten(op.idOrigin, state))',
        replace: 'if (false)',
      },
    ],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'the op memory > refuses what was made before the window, even if it never came',
    },
  },
  {
    name: 'forgotten-is-in-doubt',
    statement: 'A write that was sent and is forgotten is reported as in doubt',
    consequence: 'it goes again under another id, and is done twice',
    edits: [
      {
        file: 'collection/commit-loop.ts',
        find: 'if (sends > 1 || op.isCallerGiven) throw',
        replace: 'if (op.isCallerGiven) throw',
      },
    ],
    provenBy: {
      file: 'collection/op-ids.test.ts',
      name: 'operation ids > rejects with an unknown outcome when the reply is lost and the result forgotten',
    },
  },
  {
    name: 'memory-before-epoch',
    statement: 'The op memory is asked before the epochs are compared',
    consequence: 'what was done before a restart is refused for its epoch, and its writer cannot know',
    edits: [
      {
        file: 'memory/execute-commit.ts',
        find: 'if (known) return',
        replace: 'if (known && request.epoch === section.epoch) return',
      },
    ],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'the op memory > survives a restart: nothing is carried out twice, and answers tell the new epoch',
    },
  },
  {
    name: 'memory-survives-a-mint',
    statement: 'The op memory goes on in the next epoch',
    consequence: 'a write whose reply was lost before a restart is done twice',
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
      name: 'the op memory > survives a restart: nothing is carried out twice, and answers tell the new epoch',
    },
  },
  {
    name: 'other-epoch-is-refused',
    statement: 'A commit that names another epoch than the section is in is refused',
    consequence: 'a late copy of a write that went with the lost tail runs after a newer one',
    edits: [{ file: 'memory/execute-commit.ts', find: 'if (request.epoch !== state.epoch)', replace: 'if (false)' }],
    provenBy: {
      file: 'memory/operations.test.ts',
      name: 'the op memory > goes with the lost tail; then the epoch refuses, and the same id runs once in the new one',
    },
  },
  {
    name: 'ancestor-is-refused',
    statement: 'A commit that names an ancestor of the epoch is refused too, wherever its writer stood',
    consequence: 'a late copy of a write that went with the lost tail runs after a newer one',
    edits: [
      {
        file: 'memory/execute-commit.ts',
        find: 'if (request.epoch !== state.epoch)',
        replace: 'if (state.ancestors.every(({ epoch }) => epoch !== request.epoch) && request.epoch !== state.epoch)',
      },
    ],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'epochs > a writer of an earlier epoch is refused, and nothing happens',
    },
  },
  {
    name: 'refused-goes-again-as-it-was',
    statement: 'A write that is refused for its epoch goes again under its id, as it was',
    consequence: 'it counts twice where the first sending was done and is answered later',
    edits: [
      {
        file: 'collection/commit-loop.ts',
        find: "|| result.status === 'stale-epoch') continue",
        replace:
          "|| result.status === 'epoch') {\nrequest = { ...request, op: { ...request.op, id: this.#nextOpId() } }\ncontinue\n}",
      },
    ],
    provenBy: {
      file: 'collection/op-ids.test.ts',
      name: 'operation ids > resends the same write under its id when the store refuses its epoch',
    },
  },
  {
    name: 'members-keep-their-ids',
    statement: 'Each write of a group has its own id, whatever it is sent together with',
    consequence: 'what is sent again in other company is done twice',
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
    statement: 'An answer that belongs to an epoch already left is no acknowledgement: the write is asked again',
    consequence: 'a write is acknowledged that went with the lost tail, after that loss was told',
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
    statement: 'A caller who gives up leaves the queue of the document closed until the outcome is known',
    consequence: 'the next write overtakes the one given up, which then undoes it',
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
    statement: 'A write that waits for a store that is away keeps the later ones to its document behind it',
    consequence: 'the later one is done first, and undone by the earlier',
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
