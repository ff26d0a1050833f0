CREATE TABLE "dead_letters" (
	"position" bigserial PRIMARY KEY NOT NULL,
	"stream" text NOT NULL,
	"event_id" text NOT NULL,
	"sequence" bigint NOT NULL,
	"subject" text NOT NULL,
	"type" text NOT NULL,
	"key" text NOT NULL,
	"tenant_id" text NOT NULL,
	"headers" text NOT NULL,
	"data" text NOT NULL,
	"encoding" text NOT NULL,
	"reason" text NOT NULL,
	"attempts" bigint NOT NULL,
	"state" text NOT NULL,
	"moment" bigint NOT NULL,
	CONSTRAINT "state_is_known" CHECK ("dead_letters"."state" in ('failed', 'parked')),
	CONSTRAINT "encoding_is_known" CHECK ("dead_letters"."encoding" in ('text', 'base64'))
);
--> statement-breakpoint
CREATE TABLE "entries" (
	"tenant_id" text NOT NULL,
	"user_id" bigint NOT NULL,
	"currency" text NOT NULL,
	"number" bigint NOT NULL,
	"account" text NOT NULL,
	"change" bigint NOT NULL,
	CONSTRAINT "entries_tenant_id_user_id_currency_number_account_pk" PRIMARY KEY("tenant_id","user_id","currency","number","account"),
	CONSTRAINT "account_is_known" CHECK ("entries"."account" in ('available', 'held', 'external', 'revenue')),
	CONSTRAINT "something_changed" CHECK ("entries"."change" <> 0)
);
--> statement-breakpoint
CREATE TABLE "holds" (
	"tenant_id" text NOT NULL,
	"order_id" bigint NOT NULL,
	"state" text NOT NULL,
	"user_id" bigint,
	"currency" text,
	"amount" bigint,
	"payment_id" text,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	"look_at" bigint,
	CONSTRAINT "holds_tenant_id_order_id_pk" PRIMARY KEY("tenant_id","order_id"),
	CONSTRAINT "state_is_known" CHECK ("holds"."state" in ('held', 'refused', 'captured', 'voided', 'refunded')),
	CONSTRAINT "held_is_looked_at" CHECK (("holds"."state" = 'held') = ("holds"."look_at" is not null)),
	CONSTRAINT "held_amount_positive" CHECK ("holds"."amount" is null or "holds"."amount" > 0),
	CONSTRAINT "asked_whole_or_not_at_all" CHECK (("holds"."user_id" is null) = ("holds"."amount" is null) and ("holds"."user_id" is null) = ("holds"."currency" is null) and ("holds"."user_id" is null) = ("holds"."payment_id" is null)),
	CONSTRAINT "only_voided_before_asked" CHECK ("holds"."user_id" is not null or "holds"."state" = 'voided')
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"tenant_id" text NOT NULL,
	"scope" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"request_id" text NOT NULL,
	"answer" text,
	"created_at" bigint NOT NULL,
	CONSTRAINT "idempotency_keys_tenant_id_scope_key_pk" PRIMARY KEY("tenant_id","scope","key")
);
--> statement-breakpoint
CREATE TABLE "inbox" (
	"stream" text NOT NULL,
	"event_id" text NOT NULL,
	"sequence" bigint NOT NULL,
	"moment" bigint NOT NULL,
	"outcome" text NOT NULL,
	CONSTRAINT "inbox_stream_event_id_pk" PRIMARY KEY("stream","event_id")
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"name" text NOT NULL,
	"holder" text NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "leases_name_pk" PRIMARY KEY("name")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"position" bigserial PRIMARY KEY NOT NULL,
	"id" text NOT NULL,
	"type" text NOT NULL,
	"key" text NOT NULL,
	"tenant_id" text NOT NULL,
	"moment" bigint NOT NULL,
	"traceparent" text,
	"data" text NOT NULL,
	"sent_at" bigint,
	"stream_sequence" bigint,
	CONSTRAINT "sent_has_a_sequence" CHECK ("outbox"."sent_at" is null or "outbox"."stream_sequence" is not null)
);
--> statement-breakpoint
CREATE TABLE "places" (
	"stream" text NOT NULL,
	"sequence" bigint NOT NULL,
	"event_id" text NOT NULL,
	"moment" bigint NOT NULL,
	CONSTRAINT "places_stream_pk" PRIMARY KEY("stream")
);
--> statement-breakpoint
CREATE TABLE "transactions" (
	"tenant_id" text NOT NULL,
	"user_id" bigint NOT NULL,
	"currency" text NOT NULL,
	"number" bigint NOT NULL,
	"id" text NOT NULL,
	"kind" text NOT NULL,
	"amount" bigint NOT NULL,
	"order_id" bigint,
	"moment" bigint NOT NULL,
	CONSTRAINT "transactions_tenant_id_user_id_currency_number_pk" PRIMARY KEY("tenant_id","user_id","currency","number"),
	CONSTRAINT "number_positive" CHECK ("transactions"."number" > 0),
	CONSTRAINT "amount_positive" CHECK ("transactions"."amount" > 0),
	CONSTRAINT "kind_is_known" CHECK ("transactions"."kind" in ('top_up', 'hold', 'void', 'charge', 'refund')),
	CONSTRAINT "all_but_top_ups_have_an_order" CHECK (("transactions"."kind" = 'top_up') = ("transactions"."order_id" is null))
);
--> statement-breakpoint
CREATE TABLE "wallets" (
	"tenant_id" text NOT NULL,
	"user_id" bigint NOT NULL,
	"currency" text NOT NULL,
	"available" bigint NOT NULL,
	"held" bigint NOT NULL,
	"transactions" bigint NOT NULL,
	"opened_at" bigint NOT NULL,
	CONSTRAINT "wallets_tenant_id_user_id_currency_pk" PRIMARY KEY("tenant_id","user_id","currency"),
	CONSTRAINT "available_not_negative" CHECK ("wallets"."available" >= 0),
	CONSTRAINT "held_not_negative" CHECK ("wallets"."held" >= 0),
	CONSTRAINT "transactions_not_negative" CHECK ("wallets"."transactions" >= 0),
	CONSTRAINT "user_id_positive" CHECK ("wallets"."user_id" > 0)
);
--> statement-breakpoint
ALTER TABLE "entries" ADD CONSTRAINT "entries_tenant_id_user_id_currency_number_transactions_tenant_id_user_id_currency_number_fk" FOREIGN KEY ("tenant_id","user_id","currency","number") REFERENCES "public"."transactions"("tenant_id","user_id","currency","number") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transactions" ADD CONSTRAINT "transactions_tenant_id_user_id_currency_wallets_tenant_id_user_id_currency_fk" FOREIGN KEY ("tenant_id","user_id","currency") REFERENCES "public"."wallets"("tenant_id","user_id","currency") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "dead_letters_by_event" ON "dead_letters" USING btree ("stream","event_id");--> statement-breakpoint
CREATE INDEX "dead_letters_by_key" ON "dead_letters" USING btree ("stream","tenant_id","key","position");--> statement-breakpoint
CREATE UNIQUE INDEX "holds_by_payment" ON "holds" USING btree ("payment_id") WHERE payment_id is not null;--> statement-breakpoint
CREATE INDEX "holds_to_look_at" ON "holds" USING btree ("look_at") WHERE look_at is not null;--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "inbox_by_sequence" ON "inbox" USING btree ("stream","sequence");--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_by_id" ON "outbox" USING btree ("id");--> statement-breakpoint
CREATE INDEX "outbox_by_stream_sequence" ON "outbox" USING btree ("stream_sequence","position");--> statement-breakpoint
CREATE INDEX "outbox_to_repair" ON "outbox" USING btree ("stream_sequence","position") WHERE sent_at is null and stream_sequence is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "transactions_by_id" ON "transactions" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "one_of_a_kind_per_order" ON "transactions" USING btree ("tenant_id","order_id","kind") WHERE order_id is not null;
--> statement-breakpoint
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the ledger is only added to'; END $$;
--> statement-breakpoint
CREATE TRIGGER "transactions_are_only_added" BEFORE UPDATE OR DELETE ON "transactions" FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER "entries_are_only_added" BEFORE UPDATE OR DELETE ON "entries" FOR EACH ROW EXECUTE FUNCTION refuse_change();
