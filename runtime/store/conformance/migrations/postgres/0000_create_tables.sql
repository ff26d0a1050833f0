CREATE TABLE "accounts" (
	"name" text NOT NULL,
	"balance" bigint NOT NULL,
	"big" bigint,
	"open" boolean DEFAULT true NOT NULL,
	"opened_at" bigint,
	"tags" text,
	CONSTRAINT "accounts_name_pk" PRIMARY KEY("name"),
	CONSTRAINT "balance_is_positive" CHECK ("accounts"."balance" >= 0)
);
--> statement-breakpoint
CREATE TABLE "entries" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"account" text NOT NULL,
	"amount" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "entries" ADD CONSTRAINT "entries_account_accounts_name_fk" FOREIGN KEY ("account") REFERENCES "public"."accounts"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "entries_by_account" ON "entries" USING btree ("account");