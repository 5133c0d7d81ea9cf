import { assembleChange, type EncodedChange } from '@sync/core/adapter'

/** Creates a change of one document. `value` is the new value of its field, as JSON. */
export const change = (sequence: number, key = 'k', value = `${sequence}`): EncodedChange =>
  assembleChange({
    key,
    epoch: 'epoch',
    origin: 'test',
    generation: 1,
    version: sequence,
    sequence,
    time: 0,
    edits: [{ field: 'f', version: sequence, whole: value }],
  })
