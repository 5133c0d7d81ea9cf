import { type CollectionDefinition, defineCollection, type SectionRef } from '@sync/core'
import type { Document } from 'feed'

/** Where the outages live. */
export const outagesSection: SectionRef = { partition: 'pge', section: 'outage' }

/** The outages, held whole by every instance. */
export const outages: CollectionDefinition<Document> = defineCollection<Document>({
  section: outagesSection.section,
  ttl: 'never',
  replicate: 'all',
})
