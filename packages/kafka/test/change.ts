import { assembleChange, type EncodedChange } from '@sync/core/adapter'

/** A change of one key, with this sequence. `whole`: what its field becomes, as JSON. */
export const change = (sequence: number, key = 'k', whole = `${sequence}`): EncodedChange =>
  assembleChange({
    key,
    epoch: 'epoch',
    origin: 'test',
    generation: 1,
    version: sequence,
    sequence,
    time: 0,
    edits: [{ field: 'f', version: sequence, whole }],
  })
