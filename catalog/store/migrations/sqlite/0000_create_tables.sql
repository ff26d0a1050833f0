CREATE TABLE `idempotency_keys` (
	`tenant_id` text NOT NULL,
	`scope` text NOT NULL,
	`key` text NOT NULL,
	`fingerprint` text NOT NULL,
	`request_id` text NOT NULL,
	`answer` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `scope`, `key`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `idempotency_keys_by_age` ON `idempotency_keys` (`created_at`);--> statement-breakpoint
CREATE TABLE `leases` (
	`name` text PRIMARY KEY NOT NULL,
	`holder` text NOT NULL,
	`expires_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `outbox` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`type` text NOT NULL,
	`key` text NOT NULL,
	`tenant_id` text NOT NULL,
	`moment` integer NOT NULL,
	`traceparent` text,
	`data` text NOT NULL,
	`sent_at` integer,
	`stream_sequence` integer,
	CONSTRAINT "sent_has_a_sequence" CHECK("outbox"."sent_at" is null or "outbox"."stream_sequence" is not null)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `outbox_by_id` ON `outbox` (`id`);--> statement-breakpoint
CREATE INDEX `outbox_by_stream_sequence` ON `outbox` (`stream_sequence`,`position`);--> statement-breakpoint
CREATE INDEX `outbox_to_repair` ON `outbox` (`stream_sequence`,`position`) WHERE sent_at is null and stream_sequence is not null;--> statement-breakpoint
CREATE TABLE `products` (
	`tenant_id` text NOT NULL,
	`sku` integer NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`description` text NOT NULL,
	`category` text NOT NULL,
	`price` integer NOT NULL,
	`currency` text NOT NULL,
	`weight_grams` integer NOT NULL,
	`image` text,
	`withdrawn` integer NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `sku`),
	CONSTRAINT "sku_is_uint32" CHECK("products"."sku" between 1 and 4294967295),
	CONSTRAINT "price_is_uint32" CHECK("products"."price" between 0 and 4294967295),
	CONSTRAINT "id_is_a_product_id" CHECK(substr("products"."id", 1, 5) = 'prod_'),
	CONSTRAINT "name_is_said" CHECK(length("products"."name") between 1 and 500),
	CONSTRAINT "description_is_bounded" CHECK(length("products"."description") <= 10000),
	CONSTRAINT "category_is_said" CHECK(length("products"."category") between 1 and 100),
	CONSTRAINT "image_is_bounded" CHECK(length("products"."image") <= 2000),
	CONSTRAINT "currency_is_a_code" CHECK(length("products"."currency") = 3),
	CONSTRAINT "weight_not_negative" CHECK("products"."weight_grams" >= 0),
	CONSTRAINT "version_from_one" CHECK("products"."version" >= 1)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `products_by_id` ON `products` (`tenant_id`,`id`);--> statement-breakpoint
CREATE INDEX `products_on_sale` ON `products` (`tenant_id`,`sku`) WHERE not withdrawn;