import type { Rule } from './rule.ts'

/** How a write is done once, though calls and answers are lost, late, or of another history. */
export const outcomes: readonly Rule[] = [
  {
    name: 'id-survives-a-lost-reply',
    says: 'A write that is sent again for want of an answer keeps its op id',
    else: 'it is done twice if only the answer was lost',
    off: [
      {
        file: 'collection/commit.ts',
        find: 'await link.pause(failures++)',
        replace: 'await link.pause(failures++)\nrequest = { ...request, op: { ...request.op, id: this.#newId() } }',
      },
      {
        file: 'collection/commit.ts',
        find: '{ ...op, attempt }, first)',
        replace: '{ ...op, id: this.#newId(), attempt }, first)',
      },
    ],
    seenBy: { file: 'service/faults.test.ts', name: 'a write whose reply is lost counts once' },
  },
  {
    name: 'id-survives-a-conflict',
    says: 'A write that is built again after a conflict keeps its op id and counts the attempt',
    else: 'an earlier attempt that some server did commit does not answer for it, and both are done',
    off: [
      {
        file: 'collection/commit.ts',
        find: '{ ...op, attempt }, first)',
        replace: '{ ...op, id: this.#newId(), attempt }, first)',
      },
    ],
    seenBy: { file: 'collection/op-ids.test.ts', name: 'a write keeps its id over conflicts, and counts its attempts' },
  },
  {
    name: 'conflict-answers-its-attempt',
    says: 'A remembered conflict answers the attempts up to its own',
    else: 'a write that met a conflict once never gets past it',
    off: [
      {
        file: 'memory/answers.ts',
        find: "(known.answer.status !== 'conflict' || attempt <= known.attempt)",
        replace: 'attempt',
      },
    ],
    seenBy: {
      file: 'memory/operations.test.ts',
      name: 'attempts > a conflict answers its own attempt and earlier ones, a later one is carried out',
    },
  },
  {
    name: 'commit-answers-every-attempt',
    says: 'A remembered commit answers every attempt at the write',
    else: 'a late copy of an attempt that conflicted undoes the commit that followed',
    off: [
      {
        file: 'memory/answers.ts',
        find: "(known.answer.status !== 'conflict' || attempt <= known.attempt)",
        replace: 'attempt === known.attempt',
      },
    ],
    seenBy: { file: 'memory/operations.test.ts', name: 'attempts > a commit answers every attempt' },
  },
  {
    name: 'conflict-is-remembered',
    says: 'The op memory keeps conflicts too',
    else: 'a late copy of a write that was refused is done when nobody expects it',
    off: [
      {
        file: 'memory/commit.ts',
        find: 'else section.answers.remember(op, answer)',
        replace: "else if (answer.status !== 'conflict') section.answers.remember(op, answer)",
      },
    ],
    seenBy: {
      file: 'memory/operations.test.ts',
      name: 'attempts > a conflict answers its own attempt and earlier ones, a later one is carried out',
    },
  },
  {
    name: 'nothing-to-do-is-remembered',
    says: 'The op memory keeps that there was nothing to do',
    else: 'a late copy of a write that found everything as wanted undoes what came after',
    off: [
      {
        file: 'memory/commit.ts',
        find: 'else section.answers.remember(op, answer)',
        replace: "else if (answer.status !== 'unchanged') section.answers.remember(op, answer)",
      },
    ],
    seenBy: {
      file: 'memory/operations.test.ts',
      name: 'an op id > that had nothing to do is remembered too: what is true later does not change the answer',
    },
  },
  {
    name: 'answer-has-the-change',
    says: 'A remembered commit is answered with all that makes the change, as it was made',
    else: 'what is published again is another change, or none',
    off: [
      {
        file: 'memory/commit.ts',
        find: 'else section.answers.remember(op, answer)',
        replace:
          "else section.answers.remember(op, 'change' in answer ? { ...answer, change: joinChange({ ...answer, ...answer.change, time: 0, edits: 'omitted' }) } : answer)",
      },
    ],
    seenBy: { file: 'memory/operations.test.ts', name: 'an op id > of a delta is answered with the delta again' },
  },
  {
    name: 'repeated-answer-is-published',
    says: 'A commit that is acknowledged only when asked again is published then',
    else: 'its writer holds it published, and nobody heard of it',
    off: [
      {
        file: 'collection/commit.ts',
        find: 'publisher.publish(result.change)',
        replace: 'if (sends === 1) publisher.publish(result.change)',
      },
    ],
    seenBy: { file: 'collection/op-ids.test.ts', name: 'a write whose reply is lost is published all the same' },
  },
  {
    name: 'forgotten-is-refused',
    says: 'An unknown op id that is older than the op memory is refused by the store',
    else: 'a late copy of a write is done a second time when its answer was forgotten',
    off: [
      { file: 'memory/commit.ts', find: 'if (section.answers.outlived(op.born, standing))', replace: 'if (false)' },
    ],
    seenBy: {
      file: 'memory/operations.test.ts',
      name: 'the op memory > refuses what was made before the window, even if it never came',
    },
  },
  {
    name: 'forgotten-is-in-doubt',
    says: 'A write that was sent and is forgotten is reported as in doubt',
    else: 'it goes again under another id, and is done twice',
    off: [{ file: 'collection/commit.ts', find: 'if (sends > 1 || op.kept) throw', replace: 'if (op.kept) throw' }],
    seenBy: {
      file: 'collection/op-ids.test.ts',
      name: 'a write whose answer is lost and forgotten is in doubt, and not done again',
    },
  },
  {
    name: 'memory-before-epoch',
    says: 'The op memory is asked before the epochs are compared',
    else: 'what was done before a restart is refused for its epoch, and its writer cannot know',
    off: [
      {
        file: 'memory/commit.ts',
        find: 'if (known) return',
        replace: 'if (known && request.epoch === section.epoch) return',
      },
    ],
    seenBy: {
      file: 'memory/operations.test.ts',
      name: 'the op memory > survives a restart: nothing is carried out twice, and answers tell the new epoch',
    },
  },
  {
    name: 'memory-survives-a-mint',
    says: 'The op memory goes on in the next epoch',
    else: 'a write whose reply was lost before a restart is done twice',
    off: [
      {
        file: 'memory/section.ts',
        find: 'this.#epoch = this.#settings.runtime.id()',
        replace:
          'this.#epoch = this.#settings.runtime.id()\nthis.answers = new AnswerMemory(this.#settings, this.journal)',
      },
    ],
    seenBy: {
      file: 'memory/operations.test.ts',
      name: 'the op memory > survives a restart: nothing is carried out twice, and answers tell the new epoch',
    },
  },
  {
    name: 'other-epoch-is-refused',
    says: 'A commit that names another epoch than the section is in is refused',
    else: 'a late copy of a write that went with the lost tail runs after a newer one',
    off: [{ file: 'memory/commit.ts', find: 'if (request.epoch !== standing.epoch)', replace: 'if (false)' }],
    seenBy: {
      file: 'memory/operations.test.ts',
      name: 'the op memory > goes with the lost tail; then the epoch refuses, and the same id runs once in the new one',
    },
  },
  {
    name: 'ancestor-is-refused',
    says: 'A commit that names an ancestor of the epoch is refused too, wherever its writer stood',
    else: 'a late copy of a write that went with the lost tail runs after a newer one',
    off: [
      {
        file: 'memory/commit.ts',
        find: 'if (request.epoch !== standing.epoch)',
        replace:
          'if (standing.lineage.every(({ epoch }) => epoch !== request.epoch) && request.epoch !== standing.epoch)',
      },
    ],
    seenBy: {
      file: 'memory/history.test.ts',
      name: 'epochs > a writer of an earlier epoch is refused, and nothing happens',
    },
  },
  {
    name: 'refused-goes-again-as-it-was',
    says: 'A write that is refused for its epoch goes again under its id, as it was',
    else: 'it counts twice where the first sending was done and is answered later',
    off: [
      {
        file: 'collection/commit.ts',
        find: "|| result.status === 'epoch') continue",
        replace:
          "|| result.status === 'epoch') {\nrequest = { ...request, op: { ...request.op, id: this.#newId() } }\ncontinue\n}",
      },
    ],
    seenBy: {
      file: 'collection/op-ids.test.ts',
      name: 'a write that is refused for its epoch goes again under its id, as it was',
    },
  },
  {
    name: 'members-keep-their-ids',
    says: 'Each write of a group has its own id, whatever it is sent together with',
    else: 'what is sent again in other company is done twice',
    off: [
      {
        file: 'collection/committer.ts',
        find: 'group.map(({ request }) => request)',
        replace:
          'group.map(({ request }, at) => ({ ...request, op: { ...request.op, id: group[0].request.op.id + at } }))',
      },
    ],
    seenBy: {
      file: 'collection/op-ids.test.ts',
      name: 'writes that went together and are sent again in other company are done once',
    },
  },
  {
    name: 'answer-of-a-left-epoch',
    says: 'An answer that belongs to an epoch already left is no acknowledgement: the write is asked again',
    else: 'a write is acknowledged that went with the lost tail, after that loss was told',
    off: [
      {
        file: 'collection/commit.ts',
        find: 'if (!section.hear(result.standing, adoption) || ',
        replace: 'section.hear(result.standing, adoption)\nif (',
      },
      {
        file: 'collection/commit.ts',
        find: 'await section.untilShown(request.ref.key, place)',
        replace: 'return { result, sends }',
      },
    ],
    seenBy: {
      file: 'replica/late-answers.test.ts',
      name: 'an acknowledgement of a history that is over is none: the write is asked again under its id',
    },
  },
  {
    name: 'giving-up-keeps-the-queue',
    says: 'A caller who gives up leaves the queue of the document closed until the outcome is known',
    else: 'the next write overtakes the one given up, which then undoes it',
    off: [
      {
        file: 'collection/writer.ts',
        find: 'if (job.sent) return',
        replace: "if (job.sent) this.#fail(job, new ClosedError('given up'))\nif (job.sent) return",
      },
      {
        file: 'collection/writer.ts',
        find: 'await this.#perform(key, queue.splice(0, this.#combinable(queue)))',
        replace:
          'const batch = queue.splice(0, this.#combinable(queue))\nawait Promise.race([this.#perform(key, batch), ...batch.map((job) => job.settled.promise.catch(() => {}))])',
      },
    ],
    seenBy: {
      file: 'collection/order.test.ts',
      name: 'a write that its caller gave up is not overtaken by a later one either',
    },
  },
  {
    name: 'away-keeps-the-queue',
    says: 'A write that waits for a store that is away keeps the later ones to its document behind it',
    else: 'the later one is done first, and undone by the earlier',
    off: [
      {
        file: 'collection/writer.ts',
        find: 'await this.#perform(key, queue.splice(0, this.#combinable(queue)))',
        replace:
          'await Promise.race([this.#perform(key, queue.splice(0, this.#combinable(queue))), new Promise((go) => (this.passing = go))])',
      },
      {
        file: 'collection/writer.ts',
        find: 'storeAway(cause: SyncError): void {',
        replace: 'storeAway(cause: SyncError): void {\nthis.passing?.()',
      },
    ],
    seenBy: {
      file: 'collection/order.test.ts',
      name: 'a write that waits for a store that is away is not overtaken by a later one',
    },
  },
]
