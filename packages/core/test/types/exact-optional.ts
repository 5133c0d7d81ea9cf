// Code that the public types reject with `exactOptionalPropertyTypes` only.
import type { Collection } from '@sync/core'

declare const products: Collection<{ price: number; badge?: string }>

// @ts-expect-error undefined is not a value
await products.assign('k', { price: undefined })
// @ts-expect-error undefined is not a value
await products.assign('k', { badge: undefined })
