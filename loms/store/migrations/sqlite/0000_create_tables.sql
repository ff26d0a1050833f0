CREATE TABLE `checkout_outcomes` (
	`tenant_id` text NOT NULL,
	`checkout_id` text NOT NULL,
	`order_id` integer,
	PRIMARY KEY(`tenant_id`, `checkout_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `dead_letters` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`stream` text NOT NULL,
	`event_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`subject` text NOT NULL,
	`type` text NOT NULL,
	`key` text NOT NULL,
	`tenant_id` text NOT NULL,
	`headers` text NOT NULL,
	`data` text NOT NULL,
	`encoding` text NOT NULL,
	`reason` text NOT NULL,
	`attempts` integer NOT NULL,
	`state` text NOT NULL,
	`moment` integer NOT NULL,
	CONSTRAINT "state_is_known" CHECK("dead_letters"."state" in ('failed', 'parked')),
	CONSTRAINT "encoding_is_known" CHECK("dead_letters"."encoding" in ('text', 'base64'))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `dead_letters_by_event` ON `dead_letters` (`stream`,`event_id`);--> statement-breakpoint
CREATE INDEX `dead_letters_by_key` ON `dead_letters` (`stream`,`tenant_id`,`key`,`position`);--> statement-breakpoint
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
CREATE TABLE `inbox` (
	`stream` text NOT NULL,
	`event_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`moment` integer NOT NULL,
	`outcome` text NOT NULL,
	PRIMARY KEY(`stream`, `event_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `inbox_by_sequence` ON `inbox` (`stream`,`sequence`);--> statement-breakpoint
CREATE TABLE `leases` (
	`name` text PRIMARY KEY NOT NULL,
	`holder` text NOT NULL,
	`expires_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `order_lines` (
	`tenant_id` text NOT NULL,
	`order_id` integer NOT NULL,
	`sku` integer NOT NULL,
	`quantity` integer NOT NULL,
	`product_id` text,
	`name` text,
	`price` integer,
	PRIMARY KEY(`tenant_id`, `order_id`, `sku`),
	FOREIGN KEY (`order_id`) REFERENCES `orders`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "quantity_positive" CHECK("order_lines"."quantity" > 0)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `orders` (
	`id` integer PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`user_id` integer NOT NULL,
	`checkout_id` text,
	`status` text NOT NULL,
	`version` integer NOT NULL,
	`currency` text NOT NULL,
	`payment_method` text NOT NULL,
	`placed_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`pay_by` integer,
	`paid_at` integer,
	`cancelled_at` integer,
	`cancel_reason` text,
	`shortages` text,
	CONSTRAINT "status_is_known" CHECK("orders"."status" in ('pending', 'confirmed', 'processing', 'shipped', 'delivered', 'failed', 'cancelled', 'refunded')),
	CONSTRAINT "pending_has_deadline" CHECK("orders"."status" <> 'pending' or "orders"."pay_by" is not null),
	CONSTRAINT "paid_has_moment" CHECK("orders"."status" not in ('confirmed', 'processing', 'shipped', 'delivered', 'refunded') or "orders"."paid_at" is not null),
	CONSTRAINT "cancelled_has_reason" CHECK("orders"."status" <> 'cancelled' or ("orders"."cancel_reason" is not null and "orders"."cancelled_at" is not null)),
	CONSTRAINT "failed_has_shortages" CHECK("orders"."status" <> 'failed' or "orders"."shortages" is not null)
) STRICT;
--> statement-breakpoint
CREATE INDEX `orders_by_user` ON `orders` (`tenant_id`,`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `orders_by_deadline` ON `orders` (`pay_by`) WHERE status = 'pending';--> statement-breakpoint
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
CREATE TABLE `places` (
	`stream` text PRIMARY KEY NOT NULL,
	`sequence` integer NOT NULL,
	`event_id` text NOT NULL,
	`moment` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `products` (
	`tenant_id` text NOT NULL,
	`sku` integer NOT NULL,
	`product_id` text NOT NULL,
	`name` text NOT NULL,
	`price` integer NOT NULL,
	`currency` text NOT NULL,
	`weight_grams` integer NOT NULL,
	`withdrawn` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `sku`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `reservations` (
	`tenant_id` text NOT NULL,
	`order_id` integer NOT NULL,
	`sku` integer NOT NULL,
	`warehouse_id` integer NOT NULL,
	`quantity` integer NOT NULL,
	`state` text NOT NULL,
	PRIMARY KEY(`tenant_id`, `order_id`, `sku`, `warehouse_id`),
	FOREIGN KEY (`order_id`) REFERENCES `orders`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "reserved_quantity_positive" CHECK("reservations"."quantity" > 0),
	CONSTRAINT "state_is_known" CHECK("reservations"."state" in ('open', 'committed', 'released', 'expired'))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `stock` (
	`tenant_id` text NOT NULL,
	`sku` integer NOT NULL,
	`warehouse_id` integer NOT NULL,
	`on_hand` integer NOT NULL,
	`reserved` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `sku`, `warehouse_id`),
	FOREIGN KEY (`tenant_id`,`warehouse_id`) REFERENCES `warehouses`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "on_hand_not_negative" CHECK("stock"."on_hand" >= 0),
	CONSTRAINT "reserved_not_negative" CHECK("stock"."reserved" >= 0),
	CONSTRAINT "reserved_is_on_hand" CHECK("stock"."reserved" <= "stock"."on_hand")
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `stock_movements` (
	`id` integer PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`sku` integer NOT NULL,
	`warehouse_id` integer NOT NULL,
	`kind` text NOT NULL,
	`quantity` integer NOT NULL,
	`order_id` integer,
	`reason` text,
	`moment` integer NOT NULL,
	CONSTRAINT "moved_quantity_positive" CHECK("stock_movements"."quantity" > 0),
	CONSTRAINT "kind_is_known" CHECK("stock_movements"."kind" in ('initial', 'restock', 'return', 'write_off', 'reserve', 'release', 'expire', 'commit'))
) STRICT;
--> statement-breakpoint
CREATE TABLE `warehouses` (
	`tenant_id` text NOT NULL,
	`id` integer NOT NULL,
	`name` text NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
) STRICT, WITHOUT ROWID;
